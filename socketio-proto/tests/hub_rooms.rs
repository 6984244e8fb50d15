//! Joining and leaving, the own room, and the bounds.

use socketio_proto::SocketId;
use socketio_proto::server::hub::{JoinError, MemberKey, Namespace, RoomLimits, Target};

fn namespace<const N: usize>(ids: [&'static str; N]) -> (Namespace<&'static str>, [MemberKey; N]) {
    with_limits(RoomLimits::default(), ids)
}

fn with_limits<const N: usize>(
    limits: RoomLimits,
    ids: [&'static str; N],
) -> (Namespace<&'static str>, [MemberKey; N]) {
    let mut namespace = Namespace::new(limits);
    let keys = ids.map(|id| namespace.insert(SocketId::new(id), id).expect("a free id"));
    (namespace, keys)
}

fn reached(namespace: &Namespace<&'static str>, target: &Target) -> Vec<&'static str> {
    namespace.members(target).map(|member| *member.value).collect()
}

fn rooms(namespace: &Namespace<&'static str>, key: MemberKey) -> Vec<String> {
    namespace.rooms(key).map(str::to_owned).collect()
}

#[test]
fn join_and_leave_say_whether_they_changed_anything() {
    let (mut namespace, [a]) = namespace(["a"]);
    assert_eq!(namespace.join(a, "room"), Ok(true));
    assert_eq!(namespace.join(a, "room"), Ok(false));
    assert!(namespace.is_in(a, "room"));
    assert!(namespace.leave(a, "room"));
    assert!(!namespace.leave(a, "room"));
    assert!(!namespace.is_in(a, "room"));
}

#[test]
fn rooms_vanish_when_empty() {
    let (mut namespace, [a, b]) = namespace(["a", "b"]);
    for key in [a, b] {
        namespace.join(key, "room").unwrap();
    }
    assert_eq!(namespace.room_names().collect::<Vec<_>>(), ["a", "b", "room"]);
    assert_eq!(namespace.room_len("room"), 2);
    namespace.leave(a, "room");
    assert_eq!(namespace.room_len("room"), 1);
    namespace.remove(b);
    assert_eq!(namespace.room_len("room"), 0);
    assert_eq!(namespace.room_names().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn the_rooms_of_a_member_are_sorted_and_its_own_is_among_them() {
    let (mut namespace, [member]) = namespace(["m"]);
    for room in ["z", "a", "n", ""] {
        namespace.join(member, room).unwrap();
    }
    assert_eq!(rooms(&namespace, member), ["", "a", "m", "n", "z"]);
}

#[test]
fn everyone_is_in_the_room_of_its_own_id() {
    let (namespace, [a, b]) = namespace(["a", "b"]);
    assert!(namespace.is_in(a, "a"));
    assert!(!namespace.is_in(a, "b"));
    assert_eq!(rooms(&namespace, b), ["b"]);
    assert_eq!(namespace.room_len("a"), 1);
}

#[test]
fn a_member_can_leave_its_own_room_and_come_back() {
    let (mut namespace, [a]) = namespace(["a"]);
    assert_eq!(namespace.join(a, "a"), Ok(false));
    assert!(namespace.leave(a, "a"));
    assert!(!namespace.leave(a, "a"));
    assert!(!namespace.is_in(a, "a"));
    assert_eq!(rooms(&namespace, a), [""; 0]);
    assert_eq!((namespace.room_len("a"), namespace.room_names().count()), (0, 0));
    assert_eq!(reached(&namespace, &Target::everyone().to("a")), [""; 0]);
    assert_eq!(reached(&namespace, &Target::everyone()), ["a"]);
    assert_eq!(namespace.join(a, "a"), Ok(true));
    assert_eq!(reached(&namespace, &Target::everyone().to("a")), ["a"]);
}

#[test]
fn a_room_named_like_a_socket_id_holds_both() {
    let (mut namespace, [a, b]) = namespace(["a", "b"]);
    assert_eq!(namespace.join(b, "a"), Ok(true));
    assert_eq!(namespace.room_len("a"), 2);
    assert_eq!(namespace.room_names().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(reached(&namespace, &Target::everyone().to("a")), ["a", "b"]);
    namespace.leave(a, "a");
    assert_eq!(reached(&namespace, &Target::everyone().to("a")), ["b"]);
    namespace.join(a, "a").unwrap();
    namespace.remove(a);
    assert_eq!(reached(&namespace, &Target::everyone().to("a")), ["b"]);
}

#[test]
fn a_newcomer_joins_the_room_that_has_its_name_already() {
    let (mut namespace, [_, b]) = namespace(["a", "b"]);
    namespace.join(b, "late").unwrap();
    namespace.insert(SocketId::new("late"), "late").unwrap();
    assert_eq!(reached(&namespace, &Target::everyone().to("late")), ["b", "late"]);
}

#[test]
fn join_all_and_leave_all_move_those_who_are_meant_and_nobody_else() {
    let (mut namespace, [a, b, c]) = namespace(["a", "b", "c"]);
    namespace.join(a, "x").unwrap();
    namespace.join(b, "x").unwrap();
    namespace
        .join_all(&Target::everyone().to("x").except("b"), ["y", "z"])
        .unwrap();
    assert_eq!(rooms(&namespace, a), ["a", "x", "y", "z"]);
    assert_eq!(rooms(&namespace, b), ["b", "x"]);
    assert_eq!(rooms(&namespace, c), ["c"]);
    namespace.leave_all(&Target::everyone(), ["x", "z", "c"]);
    assert_eq!(rooms(&namespace, a), ["a", "y"]);
    assert_eq!(rooms(&namespace, b), ["b"]);
    assert_eq!(rooms(&namespace, c), [""; 0]);
}

#[test]
fn a_bulk_change_does_not_move_its_own_target() {
    let (mut namespace, [a, b]) = namespace(["a", "b"]);
    namespace.join(a, "x").unwrap();
    namespace.join(b, "x").unwrap();
    namespace.leave_all(&Target::everyone().to("x"), ["x", "a", "b"]);
    assert_eq!(namespace.room_names().count(), 0);
    namespace.join_all(&Target::everyone().except("x"), ["x", "y"]).unwrap();
    assert_eq!((namespace.room_len("x"), namespace.room_len("y")), (2, 2));
}

#[test]
fn the_number_of_rooms_is_bounded_and_the_own_one_is_free() {
    let mut limits = RoomLimits::default();
    limits.rooms_per_member = 2;
    let (mut namespace, [a]) = with_limits(limits, ["a"]);
    namespace.join(a, "x").unwrap();
    namespace.join(a, "y").unwrap();
    let full = Err(JoinError::TooManyRooms { limit: 2 });
    assert_eq!(namespace.join(a, "z"), full);
    assert_eq!(namespace.room_len("z"), 0);
    assert_eq!(namespace.join(a, "y"), Ok(false));
    namespace.leave(a, "a");
    assert_eq!(namespace.join(a, "a"), Ok(true));
    namespace.leave(a, "x");
    assert_eq!(namespace.join(a, "z"), Ok(true));
    assert_eq!(namespace.join(a, "x"), full);
}

#[test]
fn the_name_of_a_room_is_bounded() {
    let mut limits = RoomLimits::default();
    limits.name_bytes = 3;
    let (mut namespace, [a]) = with_limits(limits, ["a long id"]);
    assert_eq!(namespace.join(a, "abc"), Ok(true));
    assert_eq!(
        namespace.join(a, "abcd"),
        Err(JoinError::NameTooLong { len: 4, limit: 3 })
    );
    assert_eq!(namespace.room_len("abcd"), 0);
    namespace.leave(a, "a long id");
    assert_eq!(namespace.join(a, "a long id"), Ok(true));
}

#[test]
fn one_who_cannot_join_does_not_hold_up_the_others() {
    let mut limits = RoomLimits::default();
    limits.rooms_per_member = 1;
    let (mut namespace, [a, b]) = with_limits(limits, ["a", "b"]);
    namespace.join(a, "x").unwrap();
    let full = JoinError::TooManyRooms { limit: 1 };
    assert_eq!(namespace.join_all(&Target::everyone(), ["y"]), Err(full));
    assert_eq!(reached(&namespace, &Target::everyone().to("y")), ["b"]);
    assert_eq!(full.to_string(), "the socket is in 1 rooms, the most that it may be in");
    namespace.leave(b, "y");
    assert_eq!(namespace.join(b, "x"), Ok(true));
}
