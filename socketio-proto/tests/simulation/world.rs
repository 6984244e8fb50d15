//! Both sides, the network between them, and time.

use std::sync::Arc;
use std::time::Duration;

use engineio_proto::Instant;
use engineio_proto::client::{Config as EngineConfig, Transports};
use socketio_proto::Parser;
use socketio_proto::client::{Config, Connection};
use socketio_proto::server;
use socketio_proto::server::hub::recovery::RecoveryConfig;

use crate::chance::Chance;
use crate::client::Client;
use crate::counts::Counts;
use crate::ledger::Ledger;
use crate::network::Network;
use crate::script::Script;
use crate::server::Host;
use crate::trace::Trace;

/// More than anything puts out at once.
pub const TOO_MANY: usize = 20_000;

#[derive(Debug)]
pub struct World {
    pub script: Script,
    pub now: Instant,
    pub clients: Vec<Client>,
    pub host: Host,
    pub network: Network,
    pub ledger: Ledger,
    pub trace: Trace,
    pub chance: Chance,
    /// Nobody lets anybody wait for an answer any more.
    pub is_prompt: bool,
    /// From when on nothing has gone wrong on the network.
    pub calm_since: Option<Instant>,
    pub counts: Counts,
}

/// How a run begins, goes and ends.
impl World {
    pub fn new(script: Script) -> Self {
        let now = Instant::ORIGIN;
        let settings = &script.settings;
        let parser = if settings.msgpack {
            Parser::msgpack()
        } else {
            Parser::default()
        };
        // Those who break the rules have a machine, too, but do not use it.
        let liars = settings.liars.iter().map(|revision| (Transports::Polling, *revision));
        let clients =
            settings
                .clients
                .iter()
                .copied()
                .chain(liars)
                .enumerate()
                .map(|(number, (transports, revision))| {
                    let mut engine = EngineConfig::default();
                    engine.transports = transports;
                    engine.revision = revision;
                    engine.receive_capacity = settings.receive_capacity;
                    engine.send_capacity = settings.send_capacity;
                    let mut config = Config::default();
                    config.engine = Arc::new(engine);
                    config.parser = parser.clone();
                    config.buffer_capacity = settings.buffer_capacity;
                    config.max_pending_acks = settings.max_pending_acks;
                    config.reconnection_attempts = settings.reconnection_attempts;
                    config.retries = 2;
                    config.ack_timeout = Some(Duration::from_secs(1));
                    Client::new(now, Connection::new(now, Arc::new(config), script.seed ^ number as u64))
                });
        let mut engine = engineio_proto::Config::default();
        engine.allow_eio3 = true;
        engine.allow_upgrades = settings.upgrades;
        engine.ping_interval = settings.ping_interval;
        engine.ping_timeout = settings.ping_timeout;
        engine.max_payload = settings.max_payload;
        engine.send_capacity = settings.send_capacity;
        engine.receive_capacity = settings.receive_capacity;
        let mut config = server::Config::default();
        config.parser = parser.clone();
        config.max_pending_acks = settings.max_pending_acks;
        let mut chance = Chance::new(!script.seed);
        let mut world = Self {
            now,
            clients: clients.collect(),
            host: Host::new(Arc::new(config), Arc::new(engine)),
            network: Network::new(settings.latency, Chance::new(chance.draw())),
            ledger: Ledger::default(),
            trace: Trace::new(),
            chance,
            is_prompt: false,
            calm_since: script.calm.then_some(now),
            counts: Counts::default(),
            script,
        };
        world.begin_host();
        world
    }

    /// The whole run. It panics where something does not hold.
    pub fn run(&mut self) {
        for index in 0..self.script.steps.len() {
            let step = self.script.steps[index];
            self.advance(step.wait);
            self.apply(step.action);
            self.pump();
        }
        self.heal();
        self.part();
    }

    pub fn begin_host(&mut self) {
        let settings = &self.script.settings;
        let recovery = settings.recovery.then(|| {
            let mut config = RecoveryConfig::default();
            config.capacity = settings.recovery_capacity;
            config.max_disconnection_duration = settings.recovery_window;
            config.detection = settings.ping_interval + settings.ping_timeout;
            config
        });
        let entropy = self.chance.draw();
        self.host.begin(recovery, entropy);
    }
}
