// The websocket that keeps the page up to date. It never gives up: the emulator may be started again at any time.

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 5000;

export function openLive({ onUpdate, onState }) {
  const address = new URL("page/live", document.baseURI);
  address.protocol = address.protocol.replace("http", "ws");
  let socket;
  let filter = "{}";
  let delayMs = FIRST_DELAY_MS;

  function connect() {
    socket = new WebSocket(address);
    socket.addEventListener("open", () => {
      delayMs = FIRST_DELAY_MS;
      onState("live");
      if (filter !== "{}") socket.send(filter);
    });
    socket.addEventListener("message", ({ data }) => onUpdate(JSON.parse(data)));
    socket.addEventListener("close", () => {
      onState("waiting");
      setTimeout(connect, delayMs);
      delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
    });
  }

  connect();
  return {
    setFilter(wanted) {
      filter = JSON.stringify(wanted);
      if (socket.readyState === WebSocket.OPEN) socket.send(filter);
    },
  };
}
