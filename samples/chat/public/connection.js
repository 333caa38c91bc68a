// One connection that never gives up: who uses it is told its state, and when it is (again) ready to be spoken to.

const { HubConnectionBuilder, HubConnectionState, LogLevel } = globalThis.signalR;

const DELAYS_MS = [0, 500, 1000, 2000, 4000];
const LONGEST_DELAY_MS = 8000;

const retryDelay = (attempts) => DELAYS_MS[attempts] ?? LONGEST_DELAY_MS;
const wait = (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs));

export function openConnection({ onState, onReady }) {
  const connection = new HubConnectionBuilder()
    .withUrl("chat")
    .withAutomaticReconnect({ nextRetryDelayInMilliseconds: (context) => retryDelay(context.previousRetryCount) })
    .configureLogging(LogLevel.None)
    .build();

  const ready = async (state) => {
    onState(state);
    await onReady();
  };

  connection.onreconnecting(() => onState("reconnecting"));
  connection.onreconnected(() => ready("back"));
  connection.onclose(() => start("reconnecting"));

  async function start(state) {
    for (let attempt = 0; connection.state === HubConnectionState.Disconnected; attempt++) {
      onState(state);
      try {
        await connection.start();
        await ready(state === "connecting" ? "connected" : "back");
      } catch {
        await wait(retryDelay(attempt + 1));
      }
    }
  }

  return { connection, start: () => start("connecting") };
}
