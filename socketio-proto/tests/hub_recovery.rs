//! Clients that come back: who they were, what they missed, and when they cannot.

use std::time::Duration;

use engineio_proto::{Frame, Instant, Message};
use socketio_proto::server::hub::recovery::{RecoveryConfig, Resume, ResumeRequest, WithOffset};
use socketio_proto::server::hub::{MemberKey, Namespace, RoomLimits, Target};
use socketio_proto::{Encoded, Json, PrivateId, SocketId};

const MANY: usize = 1 << 20;

/// A namespace whose clients can come back, and the time there.
struct World {
    chat: Namespace<&'static str, &'static str>,
    now: Instant,
}

impl World {
    fn new() -> Self {
        Self::with(RecoveryConfig::default())
    }

    fn with(config: RecoveryConfig) -> Self {
        Self {
            chat: Namespace::with_recovery(RoomLimits::default(), config, [7; 15]),
            now: Instant::ORIGIN,
        }
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn insert(&mut self, id: &'static str) -> MemberKey {
        let inserted = self.chat.insert_recoverable(pid(id), SocketId::new(id), id);
        inserted.expect("a free id")
    }

    /// Sends an event to whoever the target reaches. Returns its offset.
    fn say(&mut self, target: &Target, text: &str) -> String {
        let (offset, packet) = self.encode(text);
        self.chat.record(self.now, target, &packet);
        offset
    }

    /// Sends an event to one.
    fn tell(&mut self, key: MemberKey, text: &str) -> String {
        let (offset, packet) = self.encode(text);
        self.chat.record_for(self.now, key, &packet);
        offset
    }

    fn encode(&self, text: &str) -> (String, Encoded) {
        let offset = self.chat.next_offset().expect("it is with recovery");
        let packet = Encoded::event("/", None, "say", &WithOffset(text, offset)).expect("it can be written");
        (offset.to_string(), packet)
    }

    fn lose(&mut self, key: MemberKey) {
        self.chat
            .suspend(self.now, key, "data")
            .expect("it was there until now");
    }

    /// The client asks to come back. Returns its key, and the texts of what it missed.
    fn resume(&mut self, id: &'static str, offset: Option<&str>) -> Option<(MemberKey, Vec<String>)> {
        match self.ask(id, offset, MANY) {
            Resume::Back { key, missed } => Some((key, missed.iter().map(text).collect())),
            Resume::StillHere(_) => panic!("{id} was never away"),
            Resume::Unknown => None,
        }
    }

    fn ask(&mut self, id: &'static str, offset: Option<&str>, max_bytes: usize) -> Resume {
        let request = ResumeRequest {
            pid: pid(id),
            offset: offset.map(str::to_owned),
        };
        self.chat.resume(self.now, &request, max_bytes, |socket, data| {
            assert_eq!((socket.as_str(), data), (id, "data"));
            id
        })
    }

    fn missed(&mut self, id: &'static str, offset: Option<&str>) -> Option<Vec<String>> {
        self.resume(id, offset).map(|(_, missed)| missed)
    }
}

fn pid(id: &str) -> PrivateId {
    let mut entropy = [0; 15];
    entropy[..id.len()].copy_from_slice(id.as_bytes());
    PrivateId::from_entropy(entropy)
}

/// What was said in an event.
fn text(packet: &Encoded) -> String {
    let frames: Vec<Frame> = packet.frames().collect();
    let [frame] = &frames[..] else { panic!("one frame") };
    let Message::Text(text) = frame.as_message() else {
        panic!("text")
    };
    let json = text.strip_prefix("42").expect("an event");
    let (event, said, _offset): (String, String, String) = serde_json::from_str(json).expect("an event with an offset");
    assert_eq!(event, "say");
    said
}

#[test]
fn who_comes_back_has_its_id_its_rooms_and_its_data() {
    let mut world = World::new();
    let ada = world.insert("ada");
    world.chat.join(ada, "tea").unwrap();
    world.chat.join(ada, "cake").unwrap();
    world.lose(ada);
    assert!(world.chat.is_empty());
    assert_eq!((world.chat.away(), world.chat.room_len("tea")), (1, 0));

    let (ada, missed) = world.resume("ada", None).expect("it was away for a moment");
    assert_eq!(missed, [""; 0]);
    assert_eq!(world.chat.rooms(ada).collect::<Vec<_>>(), ["ada", "cake", "tea"]);
    assert_eq!(world.chat.find("ada"), Some(ada));
    assert_eq!((world.chat.away(), world.chat.len()), (0, 1));
}

#[test]
fn what_was_said_after_the_offset_is_missed() {
    let mut world = World::new();
    let ada = world.insert("ada");
    world.say(&Target::everyone(), "one");
    let seen = world.say(&Target::everyone(), "two");
    world.say(&Target::everyone(), "lost on the way");
    world.lose(ada);
    world.say(&Target::everyone(), "while away");
    assert_eq!(
        world.missed("ada", Some(&seen)),
        Some(vec!["lost on the way".into(), "while away".into()])
    );
}

#[test]
fn without_an_offset_all_is_missed_since_the_client_came() {
    let mut world = World::new();
    world.insert("bob");
    world.say(&Target::everyone(), "before ada came");
    let ada = world.insert("ada");
    world.say(&Target::everyone(), "hello ada");
    world.lose(ada);
    world.say(&Target::everyone(), "where is ada?");
    assert_eq!(
        world.missed("ada", None),
        Some(vec!["hello ada".into(), "where is ada?".into()])
    );
}

#[test]
fn only_what_was_addressed_to_it_is_missed() {
    let mut world = World::new();
    let (ada, bob) = (world.insert("ada"), world.insert("bob"));
    world.chat.join(ada, "tea").unwrap();
    world.lose(ada);
    world.say(&Target::everyone().to("tea"), "tea");
    world.say(&Target::everyone().to("ada"), "to ada");
    world.say(&Target::everyone().to("cake"), "cake");
    world.say(&Target::everyone().to("cake").to("tea"), "both");
    world.say(&Target::everyone().except("tea"), "not tea");
    world.say(&Target::everyone().skip(bob), "from bob");
    world.tell(bob, "to bob");
    assert_eq!(
        world.missed("ada", None),
        Some(["tea", "to ada", "both", "from bob"].map(Into::into).into())
    );
}

#[test]
fn who_speaks_does_not_miss_its_own_words_even_later() {
    let mut world = World::new();
    let ada = world.insert("ada");
    world.say(&Target::everyone().skip(ada), "ada speaks");
    world.lose(ada);
    let (ada, missed) = world.resume("ada", None).unwrap();
    assert_eq!(missed, [""; 0]);
    world.lose(ada);
    assert_eq!(world.missed("ada", None), Some(vec![]));
}

#[test]
fn rooms_count_as_they_were_when_something_was_said() {
    let mut world = World::new();
    let ada = world.insert("ada");
    world.say(&Target::everyone().to("tea"), "before");
    world.chat.join(ada, "tea").unwrap();
    world.say(&Target::everyone().to("tea"), "while in");
    world.say(&Target::everyone().except("tea"), "excepted");
    world.chat.leave(ada, "tea");
    world.say(&Target::everyone().to("tea"), "after");
    world.say(&Target::everyone().except("tea"), "not excepted");
    world.chat.leave(ada, "ada");
    world.say(&Target::everyone().to("ada"), "own room left");
    world.chat.join(ada, "ada").unwrap();
    world.say(&Target::everyone().to("ada"), "own room again");
    world.lose(ada);
    assert_eq!(
        world.missed("ada", None),
        Some(["while in", "not excepted", "own room again"].map(Into::into).into())
    );
}

#[test]
fn what_was_kept_is_given_once() {
    let mut world = World::new();
    let ada = world.insert("ada");
    world.lose(ada);
    let (again, _) = world.resume("ada", None).unwrap();
    assert!(matches!(world.ask("ada", None, MANY), Resume::StillHere(key) if key == again));
    world.lose(again);
    assert!(world.resume("ada", None).is_some());
}

#[test]
fn who_is_taken_to_be_here_is_named_and_comes_back_once_it_has_left() {
    let mut world = World::new();
    let ada = world.insert("ada");
    assert!(matches!(world.ask("ada", None, MANY), Resume::StillHere(key) if key == ada));
    assert_eq!(world.chat.len(), 1);
    world.lose(ada);
    assert!(world.resume("ada", None).is_some());
}

#[test]
fn who_left_on_purpose_does_not_come_back() {
    let mut world = World::new();
    let ada = world.insert("ada");
    world.chat.remove(ada);
    assert_eq!(world.resume("ada", None), None);
}

#[test]
fn who_was_not_inserted_to_come_back_does_not() {
    let mut world = World::new();
    let ada = world.chat.insert(SocketId::new("ada"), "ada").unwrap();
    world.lose(ada);
    assert_eq!((world.chat.away(), world.resume("ada", None)), (0, None));
}

#[test]
fn nobody_comes_back_after_the_time_for_it() {
    let mut world = World::new();
    let ada = world.insert("ada");
    let bob = world.insert("bob");
    world.lose(ada);
    world.pass(1);
    world.lose(bob);
    assert_eq!(
        world.chat.poll_timeout(),
        Some(Instant::ORIGIN + Duration::from_secs(120))
    );
    world.pass(119);
    assert_eq!(world.resume("ada", None), None);
    assert!(world.resume("bob", None).is_some());
    assert_eq!(
        (world.chat.poll_forgotten(), world.chat.poll_forgotten()),
        (Some("data"), None)
    );
}

#[test]
fn what_is_too_old_is_forgotten_without_being_asked_for() {
    let mut world = World::new();
    let ada = world.insert("ada");
    world.say(&Target::everyone(), "hello");
    world.lose(ada);
    assert!(world.chat.kept_bytes() > 0);
    while let Some(deadline) = world.chat.poll_timeout() {
        world.now = deadline;
        world.chat.handle_timeout(deadline);
    }
    assert_eq!((world.chat.away(), world.chat.kept_bytes()), (0, 0));
    assert_eq!(world.chat.poll_forgotten(), Some("data"));
}

#[test]
fn an_idle_client_comes_back_however_long_ago_its_last_event_was() {
    let mut world = World::new();
    let (ada, bob) = (world.insert("ada"), world.insert("bob"));
    let seen = world.tell(ada, "long ago");
    for _ in 0..100 {
        world.pass(60);
        world.tell(bob, "busy");
    }
    world.lose(ada);
    world.pass(100);
    world.say(&Target::everyone(), "news");
    assert_eq!(world.missed("ada", Some(&seen)), Some(vec!["news".into()]));
}

#[test]
fn what_was_lost_before_the_server_noticed_is_still_there_at_the_end_of_the_time() {
    let mut world = World::new();
    let ada = world.insert("ada");
    world.say(&Target::everyone(), "into the void");
    world.pass(45); // until the heartbeat fails
    world.lose(ada);
    world.pass(119);
    assert_eq!(world.missed("ada", None), Some(vec!["into the void".into()]));
}

#[test]
fn nobody_comes_back_if_something_it_missed_is_gone() {
    let mut config = RecoveryConfig::default();
    config.capacity = 100_000;
    let mut world = World::with(config);
    let ada = world.insert("ada");
    world.lose(ada);
    let big = "x".repeat(10_000);
    for _ in 0..20 {
        world.say(&Target::everyone(), &big);
        assert!(world.chat.kept_bytes() <= 100_000);
    }
    assert_eq!(world.resume("ada", None), None);
    assert_eq!(world.chat.poll_forgotten(), Some("data"));
}

#[test]
fn those_who_are_away_are_bounded_too() {
    let mut config = RecoveryConfig::default();
    config.capacity = 100_000;
    let mut world = World::with(config);
    for n in 0..1_000_u32 {
        let id = format!("client {n}");
        let key = world
            .chat
            .insert_recoverable(pid(&id), SocketId::new(&id), "some")
            .unwrap();
        world.chat.suspend(world.now, key, "data");
        assert!(world.chat.kept_bytes() <= 100_000);
    }
    assert!(world.chat.away() > 50, "{} are kept", world.chat.away());
    let mut forgotten = 0;
    while world.chat.poll_forgotten().is_some() {
        forgotten += 1;
    }
    assert_eq!(forgotten + world.chat.away(), 1_000);
}

#[test]
fn joining_and_leaving_without_end_is_bounded_and_honest() {
    let mut world = World::new();
    let ada = world.insert("ada");
    world.chat.join(ada, "first").unwrap();
    let early = world.say(&Target::everyone().to("first"), "first");
    world.chat.leave(ada, "first");
    let mut late = early.clone();
    for n in 0..5_000_u32 {
        let room = format!("room {n}");
        world.chat.join(ada, &room).unwrap();
        late = world.say(&Target::everyone().to(&*room), "in a room");
        world.chat.leave(ada, &room);
    }
    world.lose(ada);
    assert!(world.chat.kept_bytes() < 3_000_000, "{}", world.chat.kept_bytes());
    // It was in more rooms than are remembered, so what it missed is only known from late on.
    assert_eq!(world.resume("ada", Some(&early)), None);

    let ada = world.insert("ada");
    world.lose(ada);
    assert_eq!(world.missed("ada", Some(&late)), Some(vec![]));
}

/// Every event that was said meanwhile is looked up in the rooms where the client has been, and there may be a hundred thousand. With a look at
/// each stay it takes a hundred times as long.
#[test]
fn who_has_left_many_rooms_comes_back_as_fast_as_others() {
    let mut world = World::new();
    let quiet = world.insert("quiet");
    let restless = world.insert("restless");
    for number in 0..1_000 {
        let room = format!("a room that it leaves {}", number % 500);
        world.chat.join(restless, &room).unwrap();
        world.say(&Target::everyone().to("another"), "a word, so that the stay counts");
        world.chat.leave(restless, &room);
    }
    world.lose(quiet);
    world.lose(restless);
    let rooms = (0..20).map(|number| format!("a room of others {number}"));
    let target = rooms.fold(Target::everyone(), |target, room| target.to(room.as_str()));
    for _ in 0..5_000 {
        world.say(&target, "not for them");
    }
    let time = |id| {
        let once = || {
            let mut world = World {
                chat: world.chat.clone(),
                ..world
            };
            let begin = std::time::Instant::now();
            assert_eq!(world.missed(id, None), Some(Vec::new()));
            begin.elapsed()
        };
        [(); 3].map(|()| once()).into_iter().min().expect("there are three")
    };
    let (quiet, restless) = (time("quiet"), time("restless"));
    assert!(restless < quiet * 20, "{restless:?} instead of {quiet:?}");
}

#[test]
fn nobody_comes_back_to_more_than_may_wait_for_it() {
    let mut world = World::new();
    let ada = world.insert("ada");
    world.lose(ada);
    world.say(&Target::everyone(), &"x".repeat(1000));
    assert!(matches!(world.ask("ada", None, 1000), Resume::Unknown));
    assert!(
        matches!(world.ask("ada", None, MANY), Resume::Unknown),
        "it was forgotten"
    );
}

#[test]
fn an_offset_that_was_never_given_brings_nobody_back() {
    for offset in [
        "",
        "x",
        "Bwc.0",
        "HBwcHBwc.",
        "HBwcHBwc.5",
        "HBwcHBwc.ffffffffffffffff",
        "HBwcHBwc.-1",
        "AAAAAAAA.0",
    ] {
        let mut world = World::new();
        let ada = world.insert("ada");
        let real = world.say(&Target::everyone(), "one");
        assert_eq!(real, "BwcHBwcH.0");
        world.lose(ada);
        assert_eq!(world.resume("ada", Some(offset)), None, "{offset}");
    }
}

#[test]
fn an_offset_of_an_earlier_stay_counts_as_the_beginning_of_this_one() {
    let mut world = World::new();
    let old = world.insert("old");
    let seen = world.tell(old, "hello");
    world.chat.remove(old);
    let _bob = world.insert("bob");
    world.say(&Target::everyone(), "in between");
    let ada = world.insert("ada"); // the same client, that did not come back but keeps the offset until it sees another
    world.lose(ada);
    world.say(&Target::everyone(), "for ada");
    assert_eq!(world.missed("ada", Some(&seen)), Some(vec!["for ada".into()]));
}

#[test]
fn a_delayed_event_brings_nobody_back_until_all_is_in_order_again() {
    let mut world = World::new();
    let ada = world.insert("ada");
    let first = world.say(&Target::everyone(), "too much for ada");
    world.chat.delay(ada);
    let second = world.say(&Target::everyone(), "overtakes it");
    world.chat.catch_up(ada);
    let third = world.say(&Target::everyone(), "in order again");
    world.lose(ada);
    let before = world.chat.clone();
    // Whoever saw the second last was lost before the first came, which was sent behind it.
    for (offset, comes_back) in [(&first, false), (&second, false), (&third, true)] {
        world.chat = before.clone();
        assert_eq!(world.resume("ada", Some(offset)).is_some(), comes_back, "{offset}");
    }
    world.chat = before;
    assert_eq!(world.resume("ada", None), None);

    let bob = world.insert("bob");
    let seen = world.say(&Target::everyone(), "hello bob");
    world.chat.delay(bob);
    world.lose(bob);
    assert_eq!(world.resume("bob", Some(&seen)), None, "an event is still on its way");
}

#[test]
fn delayed_events_that_nothing_overtakes_are_in_order() {
    let mut world = World::new();
    let ada = world.insert("ada");
    let first = world.say(&Target::everyone(), "first");
    world.chat.delay(ada);
    let second = world.say(&Target::everyone(), "second");
    world.chat.delay(ada);
    world.chat.catch_up(ada);
    world.chat.catch_up(ada);
    world.lose(ada);
    let before = world.chat.clone();
    assert_eq!(world.missed("ada", Some(&second)), Some(vec![]));
    world.chat = before.clone();
    assert_eq!(world.missed("ada", Some(&first)), Some(vec!["second".into()]));
    world.chat = before;
    assert_eq!(world.missed("ada", None), Some(vec!["first".into(), "second".into()]));
}

#[test]
fn a_wish_to_come_back_is_read_from_the_credentials() {
    let wish = |auth: &str| ResumeRequest::from_auth(&Json::new(auth.to_owned()).expect("it is JSON"));
    let pid = pid("ada");
    let text = pid.as_str();
    let offset = Some("BwcHBwcH.0".to_owned());
    assert_eq!(
        wish(&format!(r#"{{"pid":"{text}","offset":"BwcHBwcH.0","token":1}}"#)),
        Some(ResumeRequest { pid, offset })
    );
    let without = Some(ResumeRequest { pid, offset: None });
    assert_eq!(wish(&format!(r#"{{"pid":"{text}"}}"#)), without);
    assert_eq!(wish(&format!(r#"{{"pid":"{text}","offset":null}}"#)), without);
    for auth in [
        r#"{}"#,
        r#"{"pid":null}"#,
        r#"{"pid":"short"}"#,
        r#"{"pid":7,"offset":"x"}"#,
    ] {
        assert_eq!(wish(auth), None, "{auth}");
    }
    assert_eq!(wish(&format!(r#"{{"pid":"{text}","offset":7}}"#)), None);
}

#[test]
fn without_recovery_nothing_is_kept() {
    let mut plain = Namespace::<&str>::default();
    let ada = plain
        .insert_recoverable(pid("ada"), SocketId::new("ada"), "ada")
        .unwrap();
    assert!(plain.next_offset().is_none());
    plain.record(Instant::ORIGIN, &Target::everyone(), &Encoded::disconnect("/"));
    plain.record_for(Instant::ORIGIN, ada, &Encoded::disconnect("/"));
    assert!(plain.suspend(Instant::ORIGIN, ada, ()).is_some());
    assert_eq!((plain.away(), plain.kept_bytes(), plain.poll_timeout()), (0, 0, None));
    let request = ResumeRequest {
        pid: pid("ada"),
        offset: None,
    };
    assert!(matches!(
        plain.resume(Instant::ORIGIN, &request, MANY, |_, ()| "ada"),
        Resume::Unknown
    ));
}

#[test]
fn the_name_to_come_back_under_is_not_written_to_logs() {
    assert_eq!(format!("{:?}", pid("ada")), "PrivateId(Sid(secret))");
}
