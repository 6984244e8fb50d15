// WebSocket frames that are meant to do harm.
import { attacker, crowd, underAttack } from "../lib/attack.mjs";
import { frame } from "../lib/tcp.mjs";
import { EIO } from "../lib/wire.mjs";

const QUERY = `${EIO}?EIO=4&transport=websocket`;
const repeated = (bytes, count) => Buffer.concat(Array.from({ length: count }, () => bytes));

underAttack("frames", {}, {
  "messages that never end, in fragments of nothing": async (victim) => {
    const enemies = await crowd(4, async () => {
      const enemy = await attacker(victim);
      await enemy.upgrade(QUERY);
      await enemy.send(frame(0x01, "4x"));
      return enemy;
    });
    const nothing = repeated(frame(0x00, ""), 50_000);
    await Promise.all(enemies.map((enemy) => victim.whileServed(() => enemy.send(nothing))));
    enemies.forEach((enemy) => enemy.vanish());
  },
});
