import { randomBytes } from "node:crypto";
import type net from "node:net";
import ssh2 from "ssh2";
import {
  flood,
  floodStream,
  payload,
  type ScriptedServer,
  sendPacket,
  socketOf,
  startScriptedSsh,
  startScriptedTcp,
} from "./scripted-server.ts";

/** A peer that misbehaves: started with the host key that clients know. */
export type ScriptedFault = (hostKey: Buffer) => Promise<ScriptedServer>;

const IDENT = "SSH-2.0-OpenSSH_9.2\r\n";

/** Message numbers of RFC 4250, 4.1.2. */
const MSG = {
  disconnect: 1,
  ignore: 2,
  unimplemented: 3,
  debug: 4,
  newKeys: 21,
  authSuccess: 52,
  banner: 53,
  infoRequest: 60,
  globalRequest: 80,
  channelOpen: 90,
  channelConfirm: 91,
  windowAdjust: 93,
  channelData: 94,
  channelExtendedData: 95,
  channelSuccess: 99,
} as const;

const YES = Buffer.from([1]);
const NO = Buffer.from([0]);
const KIB = "x".repeat(1024);
const LARGE = "x".repeat(16 * 1024);

/** Packets that a peer may send at any time and as often as it likes. */
const CHATTER = {
  ignore: payload(MSG.ignore, LARGE),
  "empty ignore": payload(MSG.ignore, ""),
  debug: payload(MSG.debug, NO, LARGE, ""),
  unimplemented: payload(MSG.unimplemented, 0),
  "global request": payload(MSG.globalRequest, "keepalive@openssh.com", YES, KIB),
  "unknown channel data": payload(MSG.channelData, 77, LARGE),
  "channel open": payload(MSG.channelOpen, "forwarded-tcpip", 9, 1024, 1024, "a", 1, "b", 2),
  "window adjust": payload(MSG.windowAdjust, 0, 1),
} as const;

function tcp(onSocket: (socket: net.Socket) => void): ScriptedFault {
  return () => startScriptedTcp(onSocket);
}

/** Says something, then takes all and stays silent. */
function says(text: string | Buffer): ScriptedFault {
  return tcp((socket) => socket.resume().write(text));
}

function atAuth(script: (client: ssh2.Connection) => void): ScriptedFault {
  return (hostKey) =>
    startScriptedSsh(hostKey, (client) => client.once("authentication", () => script(client)));
}

/** Lets everybody in, then runs the script. */
function loggedIn(script: (client: ssh2.Connection) => void): ScriptedFault {
  return (hostKey) =>
    startScriptedSsh(hostKey, (client) => {
      client.on("authentication", (context) => context.accept());
      client.once("ready", () => script(client));
    });
}

function atSession(script: (client: ssh2.Connection, reject: () => void) => void): ScriptedFault {
  return loggedIn((client) => client.on("session", (_accept, reject) => script(client, reject)));
}

function atExec(
  script: (exec: {
    readonly client: ssh2.Connection;
    readonly accept: () => ssh2.ServerChannel;
    readonly reject: () => void;
  }) => void,
): ScriptedFault {
  return loggedIn((client) =>
    client.on("session", (acceptSession) => {
      acceptSession().on("exec", (accept, reject) => script({ client, accept, reject }));
    }),
  );
}

/** Takes the program and runs nothing. */
function running(script: (channel: ssh2.ServerChannel, client: ssh2.Connection) => void) {
  return atExec(({ client, accept }) => {
    const channel = accept();
    channel.on("error", () => undefined).resume();
    script(channel, client);
  });
}

function renewKeysForEver(client: ssh2.Connection): void {
  client.rekey(() => {
    if (!socketOf(client).destroyed) renewKeysForEver(client);
  });
}

function floodOf(message: Buffer) {
  return (client: ssh2.Connection) => flood(socketOf(client), () => sendPacket(client, message));
}

/** Floods what wants an answer, and takes no answer. */
function deaf(message: Buffer) {
  return (client: ssh2.Connection) => {
    socketOf(client).pause();
    floodOf(message)(client);
  };
}

/** Endless streams: none may take memory or time from others. */
export const SCRIPTED_FLOODS: Readonly<Record<string, ScriptedFault>> = {
  "floods short lines before its name": tcp((socket) => flood(socket, () => socket.write("x\r\n"))),
  "floods one line before its name": tcp((socket) => flood(socket, () => socket.write(LARGE))),
  "floods bytes after its name": tcp((socket) => {
    socket.write(IDENT);
    flood(socket, () => socket.write(LARGE));
  }),
  "floods banners": atAuth(floodOf(payload(MSG.banner, KIB, ""))),
  "floods questions in the login": atAuth(
    floodOf(payload(MSG.infoRequest, "", "", "", 1, "Password: ", NO)),
  ),
  "floods ignore messages in the login": atAuth(floodOf(CHATTER.ignore)),
  "floods debug messages in the login": atAuth(floodOf(CHATTER.debug)),
  "floods global requests in the login": atAuth(floodOf(CHATTER["global request"])),
  "floods global requests instead of opening a channel": atSession(
    floodOf(CHATTER["global request"]),
  ),
  "floods global requests and reads no answer": atSession(deaf(CHATTER["global request"])),
  "floods channels of its own": atSession(floodOf(CHATTER["channel open"])),
  "floods stdout": running((channel) => floodStream(channel, LARGE)),
  "floods stderr": running((channel) => floodStream(channel.stderr, LARGE)),
  "floods stdout beyond its window": running((_channel, client) =>
    floodOf(payload(MSG.channelData, 0, LARGE))(client),
  ),
  "floods stdout byte by byte": running((_channel, client) =>
    floodOf(payload(MSG.channelData, 0, "x"))(client),
  ),
  "floods stderr of an unknown type": running((_channel, client) =>
    floodOf(payload(MSG.channelExtendedData, 0, 9, LARGE))(client),
  ),
  "floods ignore messages while the program runs": running((_channel, client) =>
    floodOf(CHATTER.ignore)(client),
  ),
  "floods empty ignore messages while the program runs": running((_channel, client) =>
    floodOf(CHATTER["empty ignore"])(client),
  ),
  "floods unimplemented messages while the program runs": running((_channel, client) =>
    floodOf(CHATTER.unimplemented)(client),
  ),
  "floods window adjustments": running((_channel, client) =>
    floodOf(CHATTER["window adjust"])(client),
  ),
  "floods data of unknown channels": running((_channel, client) =>
    floodOf(CHATTER["unknown channel data"])(client),
  ),
};

/** All others. */
export const SCRIPTED_FAULTS: Readonly<Record<string, ScriptedFault>> = {
  "accepts and is silent": tcp((socket) => socket.resume()),
  "accepts and reads nothing": tcp((socket) => socket.pause()),
  "closes at once": tcp((socket) => socket.end()),
  "resets after our name": tcp((socket) => socket.once("data", () => socket.resetAndDestroy())),
  "speaks HTTP": tcp((socket) => socket.resume().end("HTTP/1.1 400 Bad Request\r\n\r\n")),
  "speaks rubbish": tcp((socket) => socket.resume().end(randomBytes(3000))),
  "drips its name": tcp((socket) => {
    let at = 0;
    const timer = setInterval(() => socket.write(IDENT[at++ % 8] ?? ""), 100);
    socket.resume().once("close", () => clearInterval(timer));
  }),
  "is silent after its name": says(IDENT),
  "closes after its name": tcp((socket) => socket.resume().end(IDENT)),
  "speaks rubbish after its name": says(Buffer.concat([Buffer.from(IDENT), randomBytes(4000)])),
  "tells a packet of 4 GB": says(Buffer.concat([Buffer.from(IDENT), Buffer.alloc(64, 0xff)])),
  "speaks SSH 1": says("SSH-1.5-old\r\n"),
  "signs with another key": async (hostKey) => {
    const key = ssh2.utils.parseKey(hostKey);
    if (key instanceof Error) throw key;
    const sign = (data: Buffer) => key.sign(Buffer.concat([data, NO]));
    return await startScriptedSsh(Object.create(key, { sign: { value: sign } }), () => undefined);
  },
  "never answers the login": atAuth(() => undefined),
  "refuses the login": (hostKey) =>
    startScriptedSsh(hostKey, (client) =>
      client.on("authentication", (context) => context.reject(["publickey"])),
    ),
  "drips banners": atAuth((client) => {
    const timer = setInterval(() => sendPacket(client, payload(MSG.banner, "x", "")), 50);
    socketOf(client).once("close", () => clearInterval(timer));
  }),
  "disconnects with a long text in the login": atAuth((client) =>
    sendPacket(client, payload(MSG.disconnect, 2, `\u001b[2J${"no ".repeat(9000)}`, "")),
  ),
  "renews keys that nobody asked for": atAuth((client) => sendPacket(client, payload(MSG.newKeys))),
  "renews keys without end in the login": atAuth(renewKeysForEver),
  "closes after the login": loggedIn((client) => socketOf(client).destroy()),
  "tells a success twice": (hostKey) =>
    startScriptedSsh(hostKey, (client) => {
      client.on("authentication", (context) => context.accept());
      client.once("ready", () => {
        sendPacket(client, payload(MSG.authSuccess));
        client.on("session", (_accept, reject) => reject());
      });
    }),
  "never opens the channel": atSession(() => undefined),
  "refuses the channel": atSession((_client, reject) => reject()),
  "closes instead of opening the channel": atSession((client) => socketOf(client).destroy()),
  "takes packets of no byte": atSession((client) => {
    sendPacket(client, payload(MSG.channelConfirm, 0, 0, 1024 * 1024, 0));
    sendPacket(client, payload(MSG.channelSuccess, 0));
  }),
  "never answers the program": atExec(() => undefined),
  "refuses the program": atExec(({ reject }) => reject()),
  "closes instead of running the program": atExec(({ client }) => socketOf(client).destroy()),
  "never reads the program": atSession((client) => {
    sendPacket(client, payload(MSG.channelConfirm, 0, 0, 0, 32 * 1024));
    sendPacket(client, payload(MSG.channelSuccess, 0));
  }),
  "runs for ever in silence": running(() => undefined),
  "drips output for ever": running((channel) => {
    const timer = setInterval(() => channel.write("."), 50);
    channel.once("close", () => clearInterval(timer));
  }),
  "closes the link while it runs": running((_channel, client) => socketOf(client).destroy()),
  "closes the channel without a status": running((channel) => channel.end("bye\n")),
  "tells a status and closes the link": running((channel, client) => {
    channel.exit(0);
    socketOf(client).destroySoon();
  }),
  "tells a status and never closes the channel": running((channel) => channel.exit(7)),
  "tells a status in one piece with its start and never closes the channel": atExec(
    ({ client, accept }) => {
      socketOf(client).cork();
      const channel = accept();
      channel.on("error", () => undefined).resume();
      channel.exit(7);
      socketOf(client).uncork();
    },
  ),
  "says that a signal killed it": running((channel) => {
    channel.exit("KILL" as unknown as number);
    channel.end();
  }),
  "disconnects with a long text while it runs": running((_channel, client) =>
    sendPacket(client, payload(MSG.disconnect, 11, `\u001b[2J${"no ".repeat(9000)}`, "")),
  ),
  "sends a packet that nobody signed": running((_channel, client) =>
    socketOf(client).write(randomBytes(64)),
  ),
  "renews keys without end while the program runs": running((_channel, client) =>
    renewKeysForEver(client),
  ),
  "says all twice": running((channel, client) => {
    for (let count = 0; count < 2; count += 1) {
      sendPacket(client, payload(MSG.channelSuccess, 0));
      channel.exit(9);
    }
    channel.end();
  }),
  "ends with a status and ignores our goodbye": running((channel, client) => {
    socketOf(client).allowHalfOpen = true;
    channel.exit(5);
    channel.end();
  }),
};
