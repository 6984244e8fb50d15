//! Clients that are lost and come back, honest ones and others: who comes back honestly has missed nothing and gets nothing twice, and
//! whoever lies about how far it has read, or who it is, gets nothing that was not addressed to it.
//!
//! The model is a list of numbers for each client: what was addressed to it, and what it has read.

#![no_main]

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use arbitrary::Arbitrary;
use engineio_proto::{Instant, Message};
use libfuzzer_sys::fuzz_target;
use socketio_proto::server::hub::recovery::{RecoveryConfig, Resume, ResumeRequest, WithOffset};
use socketio_proto::server::hub::{MemberKey, Namespace, RoomLimits, Target};
use socketio_proto::{Encoded, Json, PrivateId, SocketId};

const CLIENTS: usize = 4;
/// Names of rooms, ids among them: a room may have the name of a socket.
const ROOMS: [&str; 5] = ["tea", "cake", "milk", "client-0", "client-1"];
const AWAY: Duration = Duration::from_secs(120);
const DETECTION: Duration = Duration::from_secs(45);

#[derive(Arbitrary, Debug)]
struct Run {
    /// How much may be kept, or as much as there is.
    capacity: Option<u16>,
    operations: Vec<Operation>,
}

#[derive(Arbitrary, Debug)]
enum Operation {
    Connect(u8),
    Join(u8, u8),
    Leave(u8, u8),
    /// To rooms, but not to those in others, nor to one client.
    Say(Vec<u8>, Vec<u8>, Option<u8>),
    Tell(u8),
    /// To all, but a client gets it after what comes next.
    SayLate(u8),
    /// It gets what was late.
    CatchUp(u8),
    /// It reads so many of the events on the way to it.
    Read(u8, u8),
    Lose(u8),
    /// The client comes back as it should.
    Resume(u8),
    /// A client comes back with something else than the last offset that it has seen.
    Forge(u8, Offset),
    /// It can be sent so much only.
    ResumeSmall(u8, u16),
    /// Somebody who never was here.
    Stranger([u8; 15], Offset),
    /// Credentials, whatever they are.
    Auth(String),
    LeaveForGood(u8),
    /// So many seconds pass.
    Pass(u8),
    Timeout,
}

#[derive(Arbitrary, Debug)]
enum Offset {
    None,
    Text(String),
    /// As if of an event of this namespace.
    Serial(u64),
    /// So many events off the last one.
    Near(i8),
    /// That of another namespace.
    Foreign(u8),
}

#[derive(Default)]
struct Client {
    key: Option<MemberKey>,
    pid: Option<PrivateId>,
    rooms: BTreeSet<&'static str>,
    lost: Option<Instant>,
    /// The numbers of the events that were addressed to it. They are the serials of the offsets, too.
    addressed: Vec<u64>,
    read: Vec<u64>,
    on_the_way: VecDeque<u64>,
    late: VecDeque<u64>,
    /// Whether anything ever overtook anything on the way to it or did not come in time, or it has lied: then it need not come back.
    out_of_order: bool,
}

struct World {
    chat: Namespace<usize, usize>,
    clients: [Client; CLIENTS],
    capacity: usize,
    now: Instant,
    said: u64,
    chance: u64,
    tag: String,
    /// What was kept for clients that were given up.
    forgotten: usize,
}

fuzz_target!(|run: Run| {
    let mut world = World::new(run.capacity.map_or(usize::MAX, usize::from));
    for operation in &run.operations {
        world.apply(operation);
        world.check();
    }
    world.finish();
});

impl World {
    fn new(capacity: usize) -> Self {
        let mut config = RecoveryConfig::default();
        config.capacity = capacity;
        config.max_disconnection_duration = AWAY;
        config.detection = DETECTION;
        let chat = Namespace::with_recovery(RoomLimits::default(), config, [1; 15]);
        let first = chat.next_offset().expect("there is recovery").to_string();
        let (tag, serial) = first.rsplit_once('.').expect("a tag and a serial");
        assert_eq!(serial, "0");
        Self {
            tag: tag.to_owned(),
            chat,
            clients: Default::default(),
            capacity,
            now: Instant::ORIGIN,
            said: 0,
            chance: 0,
            forgotten: 0,
        }
    }

    fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Connect(client) => self.connect(index(*client)),
            Operation::Join(client, room) => {
                let (client, room) = (&mut self.clients[index(*client)], name(*room));
                if let Some(key) = client.key {
                    assert_eq!(self.chat.join(key, room), Ok(client.rooms.insert(room)));
                }
            }
            Operation::Leave(client, room) => {
                let (client, room) = (&mut self.clients[index(*client)], name(*room));
                if let Some(key) = client.key {
                    assert_eq!(self.chat.leave(key, room), client.rooms.remove(room));
                }
            }
            Operation::Say(to, except, skip) => {
                let to: Vec<_> = to.iter().take(3).map(|room| name(*room)).collect();
                let except: Vec<_> = except.iter().take(3).map(|room| name(*room)).collect();
                self.say(&to, &except, skip.map(index));
            }
            Operation::Tell(client) => self.tell(index(*client)),
            Operation::SayLate(client) => {
                let client = index(*client);
                let said = self.said;
                self.say(&[], &[], None);
                let client = &mut self.clients[client];
                if let Some(key) = client.key {
                    self.chat.delay(key);
                    client.on_the_way.retain(|number| *number != said);
                    client.late.push_back(said);
                }
            }
            Operation::CatchUp(client) => {
                let client = &mut self.clients[index(*client)];
                if let (Some(key), Some(number)) = (client.key, client.late.pop_front()) {
                    let overtakes = |other: &u64| *other > number && !client.late.contains(other);
                    let overtaken = client.addressed.iter().any(overtakes);
                    client.out_of_order |= overtaken;
                    client.on_the_way.push_back(number);
                    self.chat.catch_up(key);
                }
            }
            Operation::Read(client, count) => {
                let client = &mut self.clients[index(*client)];
                let count = usize::from(*count).min(client.on_the_way.len());
                client.read.extend(client.on_the_way.drain(..count));
            }
            Operation::Lose(client) => {
                let number = index(*client);
                let client = &mut self.clients[number];
                if let Some(key) = client.key.take() {
                    client.on_the_way.clear();
                    client.out_of_order |= !client.late.is_empty();
                    client.late.clear();
                    client.lost = Some(self.now);
                    let removed = self.chat.suspend(self.now, key, number).expect("it was here");
                    assert_eq!(removed.value, number);
                }
            }
            Operation::Resume(client) => {
                let offset = self.offset_of(index(*client));
                self.resume(index(*client), offset, usize::MAX, true);
            }
            Operation::ResumeSmall(client, bytes) => {
                let offset = self.offset_of(index(*client));
                self.clients[index(*client)].out_of_order = true;
                self.resume(index(*client), offset, (*bytes).into(), true);
            }
            Operation::Forge(client, offset) => {
                let offset = self.forged(index(*client), offset);
                self.clients[index(*client)].out_of_order = true;
                self.resume(index(*client), offset, usize::MAX, false);
            }
            Operation::Stranger(entropy, offset) => {
                let pid = PrivateId::from_entropy(*entropy);
                if entropy[..7] == [0; 7] {
                    return; // it may be somebody's who was here before
                }
                let request = ResumeRequest {
                    pid,
                    offset: self.forged(0, offset),
                };
                let resumed = self
                    .chat
                    .resume(self.now, &request, usize::MAX, |_, _| panic!("it is unknown"));
                assert!(matches!(resumed, Resume::Unknown));
            }
            Operation::Auth(text) => {
                // By accident nobody says the name of a client.
                if let Some(request) = Json::new(text.clone())
                    .ok()
                    .and_then(|auth| ResumeRequest::from_auth(&auth))
                {
                    assert!(text.contains(request.pid.as_str()) || text.contains('\\'));
                }
            }
            Operation::LeaveForGood(client) => {
                let client = &mut self.clients[index(*client)];
                if let (Some(key), Some(pid)) = (client.key.take(), client.pid.take()) {
                    *client = Client::default();
                    assert!(self.chat.remove(key).is_some());
                    let request = ResumeRequest { pid, offset: None };
                    let resumed = self
                        .chat
                        .resume(self.now, &request, usize::MAX, |_, _| panic!("it has left"));
                    assert!(matches!(resumed, Resume::Unknown));
                }
            }
            Operation::Pass(seconds) => self.now += Duration::from_secs((*seconds).into()),
            Operation::Timeout => {
                self.chat.handle_timeout(self.now);
                assert!(
                    self.chat.poll_timeout().is_none_or(|next| next > self.now),
                    "it is over"
                );
            }
        }
    }

    fn connect(&mut self, number: usize) {
        if self.clients[number].key.is_some() {
            return;
        }
        self.chance += 1;
        let mut entropy = [0; 15];
        entropy[7..].copy_from_slice(&self.chance.to_be_bytes());
        let pid = PrivateId::from_entropy(entropy);
        // Nobody gives an id twice. Here it happens: the one that is away does not come back while it is taken.
        let id = SocketId::new(&format!("client-{number}"));
        let key = self
            .chat
            .insert_recoverable(pid, id, number)
            .expect("nobody who is here has it");
        self.clients[number] = Client {
            key: Some(key),
            pid: Some(pid),
            rooms: ROOMS
                .into_iter()
                .filter(|room| *room == format!("client-{number}"))
                .collect(),
            ..Client::default()
        };
    }

    /// The number of the next event, and the packet that says it.
    fn packet(&mut self) -> (u64, Encoded) {
        let offset = self.chat.next_offset().expect("there is recovery");
        assert_eq!(offset.to_string(), format!("{}.{:x}", self.tag, self.said));
        let packet = Encoded::event("/", None, "say", &WithOffset(&self.said, offset)).expect("a number is JSON");
        self.said += 1;
        (self.said - 1, packet)
    }

    fn say(&mut self, to: &[&'static str], except: &[&'static str], skip: Option<usize>) {
        let skipped = skip.and_then(|client| self.clients[client].key);
        let mut target = to.iter().fold(Target::everyone(), |target, room| target.to(*room));
        target = except.iter().fold(target, |target, room| target.except(*room));
        if let Some(key) = skipped {
            target = target.skip(key);
        }
        let (number, packet) = self.packet();
        let mut expected = BTreeSet::new();
        for (index, client) in self.clients.iter_mut().enumerate() {
            let is_in = |room: &&str| client.rooms.contains(room);
            let reached = (to.is_empty() || to.iter().any(is_in)) && !except.iter().any(is_in);
            if !reached || client.pid.is_none() || (skipped.is_some() && skip == Some(index)) {
                continue;
            }
            client.addressed.push(number);
            if client.key.is_some() {
                client.on_the_way.push_back(number);
                expected.insert(index);
            }
        }
        let reached: BTreeSet<_> = self.chat.members(&target).map(|member| *member.value).collect();
        assert_eq!(reached, expected);
        self.chat.record(self.now, &target, &packet);
    }

    fn tell(&mut self, client: usize) {
        let Some(key) = self.clients[client].key else {
            return;
        };
        let (number, packet) = self.packet();
        self.chat.record_for(self.now, key, &packet);
        self.clients[client].addressed.push(number);
        self.clients[client].on_the_way.push_back(number);
    }

    /// The last offset that a client has seen.
    fn offset_of(&self, client: usize) -> Option<String> {
        let last = self.clients[client].read.last()?;
        Some(format!("{}.{last:x}", self.tag))
    }

    fn forged(&self, client: usize, offset: &Offset) -> Option<String> {
        let serial = match offset {
            Offset::None => return None,
            Offset::Text(text) => return Some(text.clone()),
            Offset::Foreign(serial) => return Some(format!("AAAAAAAA.{serial:x}")),
            Offset::Serial(serial) => *serial,
            Offset::Near(by) => {
                let last = self.clients[client].read.last().copied().unwrap_or(self.said);
                last.saturating_add_signed((*by).into())
            }
        };
        Some(format!("{}.{serial:x}", self.tag))
    }

    fn resume(&mut self, number: usize, offset: Option<String>, max_bytes: usize, honest: bool) {
        let client = &mut self.clients[number];
        let Some(pid) = client.pid else { return };
        let request = ResumeRequest {
            pid,
            offset: offset.clone(),
        };
        let resumed = self.chat.resume(self.now, &request, max_bytes, |id, data| {
            assert_eq!((id.as_str(), data), (format!("client-{number}").as_str(), number));
            number
        });
        match resumed {
            Resume::StillHere(key) => {
                assert_eq!(client.key, Some(key));
            }
            Resume::Back { key, missed } => {
                assert_eq!(client.key.replace(key), None, "nobody comes back twice");
                assert!(
                    self.now < client.lost.expect("it was lost") + AWAY,
                    "it was away for too long"
                );
                let missed: Vec<_> = missed.iter().map(serial).collect();
                assert!(missed.is_sorted_by(|a, b| a < b), "in order, and each once");
                assert!(
                    missed.iter().all(|serial| client.addressed.contains(serial)),
                    "for nobody else"
                );
                if honest {
                    let mut got: Vec<_> = client.read.iter().chain(&missed).copied().collect();
                    got.sort_unstable();
                    assert_eq!(got, client.addressed, "all is there, and each once");
                } else {
                    // It gets what is behind the offset that it names; what it makes of that is its own affair.
                    let from = offset.and_then(|text| {
                        let text = text.strip_prefix(&format!("{}.", self.tag))?.to_owned();
                        Some(u64::from_str_radix(&text, 16).expect("it was let in") + 1)
                    });
                    let behind = client.addressed.iter().filter(|serial| **serial >= from.unwrap_or(0));
                    assert!(behind.eq(&missed));
                    client.read = client.addressed[..client.addressed.len() - missed.len()].to_vec();
                }
                client.on_the_way = missed.into();
                for room in ROOMS {
                    assert_eq!(self.chat.is_in(key, room), client.rooms.contains(room));
                }
            }
            Resume::Unknown => {
                assert_eq!(client.key, None);
                let away = self.now.saturating_duration_since(client.lost.expect("it was here"));
                let in_time = away < AWAY && self.now < Instant::ORIGIN + AWAY;
                assert!(
                    !in_time || !honest || client.out_of_order || self.capacity < usize::MAX,
                    "it was away for {away:?} only"
                );
                *client = Client::default();
            }
        }
    }

    fn check(&mut self) {
        assert!(self.chat.kept_bytes() <= self.capacity);
        assert!(
            self.chat.poll_timeout().is_some() || self.chat.away() == 0,
            "nobody is kept for ever"
        );
        while let Some(number) = self.chat.poll_forgotten() {
            assert!(number < CLIENTS);
            self.forgotten += 1;
        }
    }

    /// All leave, and nothing is kept.
    fn finish(mut self) {
        for client in &mut self.clients {
            if let Some(key) = client.key.take() {
                self.chat.remove(key);
            }
        }
        self.now += AWAY + DETECTION;
        self.chat.handle_timeout(self.now);
        assert_eq!((self.chat.away(), self.chat.kept_bytes()), (0, 0));
        assert_eq!(self.chat.poll_timeout(), None);
        assert!(self.chat.is_empty());
    }
}

fn index(client: u8) -> usize {
    usize::from(client) % CLIENTS
}

fn name(room: u8) -> &'static str {
    ROOMS[usize::from(room) % ROOMS.len()]
}

/// The number that an event says.
fn serial(packet: &Encoded) -> u64 {
    let frame = packet.frames().next().expect("a packet has a frame");
    let Message::Text(text) = frame.as_message() else {
        panic!("it is text")
    };
    let (_, number, offset): (String, u64, String) =
        serde_json::from_str(text.strip_prefix("42").expect("an event")).expect("a name, a number and an offset");
    assert!(offset.ends_with(&format!(".{number:x}")));
    number
}
