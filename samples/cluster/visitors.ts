import { HubConnectionBuilder, LogLevel } from "@microsoft/signalr";

/* Brings 20 clients and shows which process serves each of them, and that what one says is heard by all. */

const url = process.argv[2] ?? "http://localhost:3000/room";
const COUNT = 20;

const heard = new Map<number, number>();
const clients = Array.from({ length: COUNT }, () =>
  new HubConnectionBuilder().withUrl(url).withAutomaticReconnect().configureLogging(LogLevel.Warning).build(),
);
const all = new Promise<void>((resolve) => {
  let missing = COUNT;
  for (const client of clients) {
    client.on("heard", (speaker: number) => {
      heard.set(speaker, (heard.get(speaker) ?? 0) + 1);
      missing -= 1;
      if (missing === 0) resolve();
    });
  }
});
await Promise.all(clients.map((client) => client.start()));
const servers = await Promise.all(clients.map((client) => client.invoke<number>("whoServes")));
for (const server of new Set(servers)) {
  console.log(`Process ${server} serves ${servers.filter((each) => each === server).length} clients.`);
}
await clients[0]?.invoke("say", "hello");
await all;
for (const [speaker, times] of heard) console.log(`What process ${speaker} sent was heard by ${times} clients.`);
await Promise.all(clients.map((client) => client.stop()));
