//! Whom a target reaches.

use socketio_proto::SocketId;
use socketio_proto::server::hub::{MemberKey, Namespace, Target};

/// Members `m0`, `m1`, … with their number as the value, each in the rooms listed.
fn namespace<const N: usize>(rooms: [&[&str]; N]) -> (Namespace<usize>, [MemberKey; N]) {
    let mut namespace = Namespace::default();
    let mut number = 0..;
    let keys = rooms.map(|rooms| {
        let number = number.next().expect("endless");
        let id = SocketId::new(&format!("m{number}"));
        let key = namespace.insert(id, number).expect("a free id");
        for room in rooms {
            namespace.join(key, room).expect("far from the limits");
        }
        key
    });
    (namespace, keys)
}

fn reached(namespace: &Namespace<usize>, target: &Target) -> Vec<usize> {
    namespace.members(target).map(|member| *member.value).collect()
}

#[test]
fn without_a_room_everyone_is_meant() {
    let (namespace, _) = namespace([&[], &["x"], &["y"]]);
    assert_eq!(reached(&namespace, &Target::everyone()), [0, 1, 2]);
    assert_eq!(Target::default(), Target::everyone());
}

#[test]
fn a_room_reaches_those_in_it() {
    let (namespace, _) = namespace([&["x"], &[], &["y", "x"]]);
    assert_eq!(reached(&namespace, &Target::everyone().to("x")), [0, 2]);
}

#[test]
fn rooms_add_up() {
    let (namespace, _) = namespace([&["x"], &[], &["y"], &["z"]]);
    assert_eq!(reached(&namespace, &Target::everyone().to("y").to("x")), [0, 2]);
}

#[test]
fn a_member_in_several_rooms_is_reached_once() {
    let (namespace, _) = namespace([&["x", "y", "z"], &["y", "z"], &["z", "x"]]);
    let target = Target::everyone().to("z").to("y").to("x").to("y").to("m1");
    assert_eq!(reached(&namespace, &target), [0, 1, 2]);
}

#[test]
fn a_room_that_does_not_exist_is_nobody_and_not_everyone() {
    let (namespace, _) = namespace([&["x"], &[]]);
    assert_eq!(reached(&namespace, &Target::everyone().to("none")), [0; 0]);
    assert_eq!(reached(&namespace, &Target::everyone().to("none").to("x")), [0]);
    assert_eq!(reached(&namespace, &Target::everyone().except("none")), [0, 1]);
}

#[test]
fn to_a_socket_id_reaches_that_socket() {
    let (namespace, _) = namespace([&[], &["x"], &[]]);
    assert_eq!(reached(&namespace, &Target::everyone().to("m1")), [1]);
    assert_eq!(
        reached(&namespace, &Target::everyone().to(&SocketId::new("m2")).to("x")),
        [1, 2]
    );
}

#[test]
fn except_wins_over_to() {
    let (namespace, _) = namespace([&["x"], &["x", "y"], &["y"], &[]]);
    assert_eq!(reached(&namespace, &Target::everyone().to("x").except("y")), [0]);
    assert_eq!(reached(&namespace, &Target::everyone().to("x").except("x")), [0; 0]);
    assert_eq!(reached(&namespace, &Target::everyone().except("x").except("m3")), [2]);
    assert_eq!(reached(&namespace, &Target::everyone().to("m1").except("m1")), [0; 0]);
}

#[test]
fn the_one_who_speaks_is_skipped_whatever_its_rooms() {
    let (mut namespace, [a, b, _]) = namespace([&["x"], &["x"], &["m0"]]);
    assert_eq!(reached(&namespace, &Target::everyone().to("x").skip(a)), [1]);
    assert_eq!(reached(&namespace, &Target::everyone().to("m0").skip(a)), [2]);
    namespace.leave(a, "m0");
    assert_eq!(reached(&namespace, &Target::everyone().skip(a)), [1, 2]);
    assert_eq!(reached(&namespace, &Target::everyone().skip(a).skip(b)), [0, 2]);
}

#[test]
fn a_target_can_be_kept_and_sees_who_is_there_when_it_is_resolved() {
    let (mut namespace, [a, b]) = namespace([&["x"], &[]]);
    let target = Target::everyone().to("x");
    let narrowed = target.clone().except("m0");
    assert_eq!(reached(&namespace, &target), [0]);
    namespace.join(b, "x").unwrap();
    assert_eq!(reached(&namespace, &target), [0, 1]);
    assert_eq!(reached(&namespace, &narrowed), [1]);
    namespace.remove(a);
    assert_eq!(reached(&namespace, &target), [1]);
}

#[test]
fn a_target_tells_what_it_was_made_of() {
    let (_, [key]) = namespace([&[]]);
    let target = Target::everyone().to("b").except("c").to(String::from("a")).skip(key);
    let strings = |names: &[std::sync::Arc<str>]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(strings(target.rooms()), ["b", "a"]);
    assert_eq!(strings(target.excepted()), ["c"]);
    assert_eq!(target.skipped(), Some(key));
}

#[test]
fn any_number_of_rooms_can_be_named() {
    let (mut namespace, keys) = namespace([&[] as &[&str]; 40]);
    let (mut to, mut except) = (Target::everyone(), Target::everyone());
    for (number, key) in keys.into_iter().enumerate().rev() {
        for room in [number, number + 1] {
            namespace.join(key, &room.to_string()).unwrap();
        }
    }
    for room in 1..=30 {
        to = to.to(room.to_string());
        except = except.except(room.to_string());
        assert_eq!(reached(&namespace, &to), (0..=room).collect::<Vec<_>>());
        assert_eq!(reached(&namespace, &except), (room + 1..40).collect::<Vec<_>>());
    }
}

#[test]
fn a_small_room_beside_large_exceptions_and_a_large_one_beside_small() {
    let (mut namespace, keys) = namespace([&[] as &[&str]; 600]);
    for (number, key) in keys.into_iter().enumerate() {
        let rooms = [("third", 3), ("seventh", 7), ("hundredth", 100), ("all", 1)];
        for (room, _) in rooms.into_iter().filter(|(_, step)| number % step == 0) {
            namespace.join(key, room).unwrap();
        }
    }
    let numbers = |meant: fn(&usize) -> bool| (0..600).filter(meant).collect::<Vec<_>>();
    let target = Target::everyone().to("hundredth").except("third");
    assert_eq!(reached(&namespace, &target), [100, 200, 400, 500]);
    let target = target.to("m599").except("seventh");
    assert_eq!(reached(&namespace, &target), [100, 200, 400, 500, 599]);
    assert_eq!(reached(&namespace, &target.except("all")), [0; 0]);
    let target = Target::everyone().to("all").except("hundredth");
    assert_eq!(reached(&namespace, &target), numbers(|number| number % 100 != 0));
    let target = Target::everyone().except("seventh").except("third");
    assert_eq!(
        reached(&namespace, &target),
        numbers(|number| number % 3 != 0 && number % 7 != 0)
    );
}

#[test]
fn members_tells_key_and_id_and_can_be_walked_twice() {
    let (namespace, keys) = namespace([&[], &[]]);
    let members = namespace.members(&Target::everyone());
    let again = members.clone();
    assert!(members.map(|member| member.key).eq(keys));
    assert!(again.map(|member| member.id.as_str()).eq(["m0", "m1"]));
}
