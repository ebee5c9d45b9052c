// The link to the server: a socket that comes back by itself. Lessons and notebooks bring their own link
// with the same two functions, `ask` and `cancel`.

import { decodeFrame } from "./asking.js";

const LINK_PAUSES = [500, 1000, 2000, 4000, 8000];
const LINK_FULL = 1013; // "Try again later": the server has as many visitors as it serves.
const LINK_IDLE = 4000; // Nothing was asked for long: the place is somebody else's until something is.

/**
 * Open the link. `onFrame(header, arrays)` gets the answers to the newest question of each lane only;
 * `onStatus(status, words)` is told "open", "lost" (it is tried again), "full" (too), "idle", and what the
 * server has "said" that is no answer to a question.
 * After a break the newest question of every lane that wasn't answered to its end is asked again.
 * @param {{onFrame: Function, onStatus: Function}} listeners
 * @returns {{ask: (lane: string, question: object) => number, cancel: (lane: string) => void}}
 */
export function openLink({ onFrame, onStatus }) {
  const newest = new Map(); // lane -> {id, question, done}
  let socket = null;
  let tries = 0;
  let count = 0;
  let said = "";
  let idle = false;

  function connect() {
    idle = false;
    const address = new URL("socket", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    address.hash = "";
    socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => {
      onStatus("open", "");
      for (const [lane, { id, question, done }] of newest) if (!done) send({ id, lane, question });
    });
    socket.addEventListener("message", (event) => receive(event.data));
    socket.addEventListener("close", (event) => {
      if (event.code === LINK_IDLE) {
        idle = true;
        return onStatus("idle", "");
      }
      const pause = LINK_PAUSES[Math.min(tries, LINK_PAUSES.length - 1)];
      tries += 1;
      if (event.code === LINK_FULL) onStatus("full", said);
      else onStatus("lost", "");
      setTimeout(connect, pause);
    });
  }

  function receive(message) {
    const { header, arrays } = decodeFrame(message);
    // Not when it opens: a full lab opens, says so and closes.
    if (header.kind !== "error") tries = 0;
    if (!header.lane) {
      said = header.message;
      return onStatus("said", said);
    }
    const asked = newest.get(header.lane);
    if (!asked || asked.id !== header.id) return;
    if (header.last) asked.done = true;
    onFrame(header, arrays);
  }

  function send(message) {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  }

  connect();
  return {
    ask(lane, question) {
      count += 1;
      newest.set(lane, { id: count, question, done: false });
      if (idle) connect();
      else send({ id: count, lane, question });
      return count;
    },
    cancel(lane) {
      const asked = newest.get(lane);
      newest.delete(lane);
      if (asked && !asked.done) send({ cancel: lane });
    },
  };
}
