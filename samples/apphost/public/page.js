const { HubConnectionBuilder, LogLevel } = globalThis.signalR;

const count = document.querySelector("#count");
const add = document.querySelector("#add");
const show = (number) => {
  count.textContent = String(number);
};

const { api } = await (await fetch("settings.json")).json();
const connection = new HubConnectionBuilder()
  .withUrl(`${api}/counter`)
  .withAutomaticReconnect()
  .configureLogging(LogLevel.None)
  .build();
connection.on("counted", show);
connection.onclose(() => {
  add.disabled = true;
});
add.addEventListener("click", () => connection.send("add"));

await connection.start();
show(await connection.invoke("count"));
add.disabled = false;
