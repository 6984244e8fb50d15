//! Whatever is said, joined, lost and resumed: who comes back has missed nothing, and gets nothing twice.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use engineio_proto::{Instant, Message};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use socketio_proto::server::hub::recovery::{RecoveryConfig, Resume, ResumeRequest, WithOffset};
use socketio_proto::server::hub::{MemberKey, Namespace, RoomLimits, Target};
use socketio_proto::{Encoded, PrivateId, SocketId};

const CLIENTS: usize = 4;
const ROOMS: [&str; 3] = ["tea", "cake", "milk"];
const SHORT: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
enum Op {
    Connect(usize),
    Join(usize, &'static str),
    Leave(usize, &'static str),
    Say {
        to: Vec<&'static str>,
        except: Vec<&'static str>,
        skip: Option<usize>,
    },
    Tell(usize),
    /// The client reads so many of the events on the way to it.
    Read(usize, usize),
    Lose(usize),
    Resume(usize),
    LeaveForGood(usize),
    Pass(u8),
}

fn op() -> impl Strategy<Value = Op> {
    let client = || 0..CLIENTS;
    let room = || select(&ROOMS[..]);
    prop_oneof![
        2 => client().prop_map(Op::Connect),
        3 => (client(), room()).prop_map(|(client, room)| Op::Join(client, room)),
        2 => (client(), room()).prop_map(|(client, room)| Op::Leave(client, room)),
        6 => (vec(room(), 0..3), vec(room(), 0..2), prop::option::of(client()))
            .prop_map(|(to, except, skip)| Op::Say { to, except, skip }),
        2 => client().prop_map(Op::Tell),
        4 => (client(), 0..4_usize).prop_map(|(client, count)| Op::Read(client, count)),
        3 => client().prop_map(Op::Lose),
        4 => client().prop_map(Op::Resume),
        1 => client().prop_map(Op::LeaveForGood),
        2 => any::<u8>().prop_map(Op::Pass),
    ]
}

/// A client, as simple as it can be: what it ought to get, and what it got.
#[derive(Default)]
struct Client {
    key: Option<MemberKey>,
    pid: Option<PrivateId>,
    rooms: BTreeSet<&'static str>,
    /// When it was lost.
    lost: Option<Instant>,
    expected: Vec<u64>,
    read: Vec<u64>,
    on_the_way: VecDeque<(u64, String)>,
    offset: Option<String>,
}

struct World {
    chat: Namespace<usize, ()>,
    clients: [Client; CLIENTS],
    config: RecoveryConfig,
    now: Instant,
    said: u64,
    chance: u64,
    /// How many came back.
    back: usize,
}

impl World {
    fn new(capacity: usize) -> Self {
        let mut config = RecoveryConfig::default();
        config.capacity = capacity;
        Self {
            chat: Namespace::with_recovery(RoomLimits::default(), config, [1; 15]),
            clients: Default::default(),
            config,
            now: Instant::ORIGIN,
            said: 0,
            chance: 0,
            back: 0,
        }
    }

    fn id(&mut self) -> [u8; 15] {
        self.chance += 1;
        let mut entropy = [0; 15];
        entropy[..8].copy_from_slice(&self.chance.to_be_bytes());
        entropy
    }

    fn packet(&mut self) -> (u64, String, Encoded) {
        let offset = self.chat.next_offset().unwrap();
        let packet = Encoded::event("/", None, "say", &WithOffset(&self.said, offset)).unwrap();
        self.said += 1;
        (self.said - 1, offset.to_string(), packet)
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Connect(client) => {
                if self.clients[client].key.is_some() {
                    return;
                }
                let (pid, id) = (PrivateId::from_entropy(self.id()), SocketId::from_entropy(self.id()));
                let key = self.chat.insert_recoverable(pid, id, client).unwrap();
                self.clients[client] = Client {
                    key: Some(key),
                    pid: Some(pid),
                    ..Client::default()
                };
            }
            Op::Join(client, room) => {
                if let Some(key) = self.clients[client].key {
                    self.chat.join(key, room).unwrap();
                    self.clients[client].rooms.insert(room);
                }
            }
            Op::Leave(client, room) => {
                if let Some(key) = self.clients[client].key {
                    self.chat.leave(key, room);
                    self.clients[client].rooms.remove(room);
                }
            }
            Op::Say { to, except, skip } => {
                let skipped = skip.and_then(|client| self.clients[client].key);
                let mut target = to.iter().fold(Target::everyone(), |target, room| target.to(*room));
                target = except.iter().fold(target, |target, room| target.except(*room));
                if let Some(key) = skipped {
                    target = target.skip(key);
                }
                let (number, offset, packet) = self.packet();
                for (index, client) in self.clients.iter_mut().enumerate() {
                    let reached = (to.is_empty() || to.iter().any(|room| client.rooms.contains(room)))
                        && !except.iter().any(|room| client.rooms.contains(room))
                        && !(skipped.is_some() && skip == Some(index));
                    if !reached || client.pid.is_none() {
                        continue;
                    }
                    client.expected.push(number);
                    if client.key.is_some() {
                        client.on_the_way.push_back((number, offset.clone()));
                    }
                }
                let reached: BTreeSet<_> = self.chat.members(&target).map(|member| *member.value).collect();
                let expected = |client: &Client| client.key.is_some() && client.expected.last() == Some(&number);
                assert!((0..CLIENTS).all(|index| reached.contains(&index) == expected(&self.clients[index])));
                self.chat.record(self.now, &target, &packet);
            }
            Op::Tell(client) => {
                let Some(key) = self.clients[client].key else { return };
                let (number, offset, packet) = self.packet();
                self.chat.record_for(self.now, key, &packet);
                self.clients[client].expected.push(number);
                self.clients[client].on_the_way.push_back((number, offset));
            }
            Op::Read(client, count) => {
                let client = &mut self.clients[client];
                for _ in 0..count {
                    let Some((number, offset)) = client.on_the_way.pop_front() else {
                        break;
                    };
                    client.read.push(number);
                    client.offset = Some(offset);
                }
            }
            Op::Lose(client) => {
                if let Some(key) = self.clients[client].key.take() {
                    self.clients[client].on_the_way.clear();
                    self.clients[client].lost = Some(self.now);
                    self.chat.suspend(self.now, key, ()).unwrap();
                }
            }
            Op::Resume(client) => self.resume(client),
            Op::LeaveForGood(client) => {
                if let Some(key) = self.clients[client].key.take() {
                    self.chat.remove(key).unwrap();
                    let pid = self.clients[client].pid.take().unwrap();
                    let request = ResumeRequest { pid, offset: None };
                    let resumed = self.chat.resume(self.now, &request, usize::MAX, |_, ()| client);
                    assert!(matches!(resumed, Resume::Unknown));
                }
            }
            Op::Pass(seconds) => {
                self.now += Duration::from_secs(seconds.into()) / 2;
                self.chat.handle_timeout(self.now);
            }
        }
    }

    fn resume(&mut self, index: usize) {
        let client = &mut self.clients[index];
        let (Some(pid), None) = (client.pid, client.key) else {
            return;
        };
        let offset = client.offset.clone();
        let request = ResumeRequest { pid, offset };
        match self.chat.resume(self.now, &request, usize::MAX, |_, ()| index) {
            Resume::Back { key, missed } => {
                self.back += 1;
                client.key = Some(key);
                client.on_the_way = missed.iter().map(read).collect();
                let got = client.read.iter().copied();
                let got: Vec<_> = got.chain(client.on_the_way.iter().map(|(number, _)| *number)).collect();
                assert_eq!(got, client.expected, "read, and on the way");
                let rooms: BTreeSet<_> = ROOMS.into_iter().filter(|room| self.chat.is_in(key, room)).collect();
                assert_eq!(rooms, client.rooms);
            }
            Resume::StillHere(_) => panic!("it was lost"),
            Resume::Unknown => {
                let away = self.now.saturating_duration_since(client.lost.expect("it was here"));
                let config = RecoveryConfig::default();
                let in_time = away < config.max_disconnection_duration - SHORT
                    && self.now < Instant::ORIGIN + config.max_disconnection_duration;
                assert!(
                    !in_time || self.config.capacity < config.capacity,
                    "it was away for {away:?} only"
                );
                *client = Client::default();
            }
        }
    }
}

/// The number and the offset of an event.
fn read(packet: &Encoded) -> (u64, String) {
    let frame = packet.frames().next().unwrap();
    let Message::Text(text) = frame.as_message() else {
        panic!("text")
    };
    let (_, number, offset): (String, u64, String) = serde_json::from_str(text.strip_prefix("42").unwrap()).unwrap();
    (number, offset)
}

proptest! {
    #[test]
    fn nothing_is_missed_and_nothing_comes_twice(ops in vec(op(), 1..300)) {
        let mut world = World::new(RecoveryConfig::default().capacity);
        ops.into_iter().for_each(|op| world.apply(op));
    }

    #[test]
    fn nor_if_there_is_little_room(ops in vec(op(), 1..300), capacity in 0..5_000_usize) {
        let mut world = World::new(capacity);
        for op in ops {
            world.apply(op);
            prop_assert!(world.chat.kept_bytes() <= capacity);
        }
    }
}

/// The tests above would hold if nobody ever came back.
#[test]
fn clients_do_come_back() {
    let mut world = World::new(RecoveryConfig::default().capacity);
    for _ in 0..100 {
        for op in [
            Op::Connect(0),
            Op::Join(0, "tea"),
            Op::Say {
                to: vec!["tea"],
                except: vec![],
                skip: None,
            },
            Op::Lose(0),
            Op::Say {
                to: vec![],
                except: vec!["cake"],
                skip: None,
            },
            Op::Resume(0),
            Op::Read(0, 1),
        ] {
            world.apply(op);
        }
    }
    assert_eq!(world.back, 100);
}
