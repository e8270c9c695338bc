// A socket to the server that comes back by itself, and says in words when it is away.

const FIRST_WAIT = 1000, LONGEST_WAIT = 10000; // milliseconds

export class Connection {
  /** `hear` is given each message, `ready` is called when the socket is open, `away` with what to tell the reader. */
  constructor({ hear, ready, away }) {
    Object.assign(this, { hear, ready, away, wait: FIRST_WAIT, closed: false });
    this.connect();
  }

  connect() {
    const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/market`;
    this.socket = new WebSocket(address);
    this.socket.onopen = () => {
      this.wait = FIRST_WAIT;
      this.ready();
    };
    this.socket.onmessage = (event) => this.hear(JSON.parse(event.data));
    this.socket.onclose = () => {
      if (this.closed) return;
      const seconds = Math.round(this.wait / 1000);
      this.away(
        `The connection to the server is lost. The page tries again in ${seconds} s. If it stays lost, see whether ` +
          "spreadgame dashboard still runs in its terminal. The market then begins again at step 0."
      );
      this.timer = setTimeout(() => this.connect(), this.wait);
      this.wait = Math.min(2 * this.wait, LONGEST_WAIT);
    };
  }

  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket.close();
  }
}
