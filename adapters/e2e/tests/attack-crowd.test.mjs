// Crowds who connect and vanish: WebSockets and polling clients, after the handshake, after they joined a room, or in between. A thousand in
// each round, ten thousand with LONG=1.
import { attacker, crowd, many, request, underAttack, upgradeRequest } from "../lib/attack.mjs";
import { frame } from "../lib/tcp.mjs";
import { EIO, SIO } from "../lib/wire.mjs";

const text = (packet) => frame(0x81, packet);

const url = (path, transport) => `${path}?EIO=4&transport=${transport}`;

async function websocket(victim, path, ...packets) {
  const enemy = await attacker(victim);
  await enemy.upgrade(url(path, "websocket"));
  for (const [packet, answer] of packets) {
    await enemy.send(text(packet));
    if (answer) await enemy.hears(answer);
  }
  enemy.vanish();
}

async function polling(victim, path, ...packets) {
  const enemy = await attacker(victim);
  const { sid } = JSON.parse((await enemy.request("GET", url(path, "polling"))).slice(1));
  const session = `${url(path, "polling")}&sid=${sid}`;
  for (const packet of packets) await enemy.request("POST", session, packet);
  if (packets.length) await enemy.send(request("GET", session));
  enemy.vanish();
}

const JOIN = [["40", /\["auth"/], ['421["join","a room"]', /431\[/]];
const WAYS = [
  async (victim) => (await attacker(victim)).vanish(),
  async (victim) => {
    const enemy = await attacker(victim);
    await enemy.send(upgradeRequest(url(SIO, "websocket")));
    enemy.vanish();
  },
  (victim) => websocket(victim, EIO),
  (victim) => websocket(victim, SIO),
  (victim) => websocket(victim, SIO, ...JOIN),
  (victim) => websocket(victim, SIO, ...JOIN, ["40/custom"], ["41"]),
  (victim, n) => websocket(victim, SIO, [`40/dyn-${n}`, /\["auth"/], [`42/dyn-${n},1["join","a room"]`]),
  (victim) => polling(victim, EIO),
  (victim) => polling(victim, SIO),
  (victim) => polling(victim, SIO, "40", '421["join","a room"]'),
];

const vanish = (count) => (victim) => crowd(many(count), (n) => WAYS[n % WAYS.length](victim, n));

// Those who vanish between two polls are missed when they do not answer a ping.
const HEARTBEAT = { PING_INTERVAL: 1000, PING_TIMEOUT: 4000 };

underAttack("crowds", HEARTBEAT, { "thousands connect and vanish": vanish(1000) }, { patience: 30_000 });

underAttack("crowds who may come back", { ...HEARTBEAT, RECOVERY: 1, RECOVERY_MS: 500 }, { "hundreds connect and vanish": vanish(200) }, { patience: 30_000 });
