//! Who is in a namespace: ids, keys, and namespaces that come and go.

use std::collections::BTreeSet;
use std::sync::Arc;

use socketio_proto::SocketId;
use socketio_proto::server::hub::{Hub, JoinError, Member, MemberKey, Namespace, RoomLimits, Target};

fn insert(namespace: &mut Namespace<u32>, id: &str, value: u32) -> MemberKey {
    namespace.insert(SocketId::new(id), value).expect("a free id")
}

fn values(namespace: &Namespace<u32>, target: &Target) -> Vec<u32> {
    namespace.members(target).map(|member| *member.value).collect()
}

#[test]
fn a_member_is_found_by_its_id_and_by_its_key() {
    let mut namespace = Namespace::default();
    let key = insert(&mut namespace, "a", 1);
    assert_eq!(namespace.find("a"), Some(key));
    assert_eq!(namespace.find("b"), None);
    let id = SocketId::new("a");
    assert_eq!(
        namespace.get(key),
        Some(Member {
            key,
            id: &id,
            value: &1
        })
    );
    assert_eq!(namespace.len(), 1);
}

#[test]
fn an_id_is_given_once_and_the_second_value_comes_back() {
    let mut namespace = Namespace::default();
    let key = insert(&mut namespace, "a", 1);
    let taken = namespace.insert(SocketId::new("a"), 2).unwrap_err();
    assert_eq!((taken.id.as_str(), taken.value), ("a", 2));
    assert_eq!(taken.to_string(), "there is a socket with the id a already");
    assert_eq!(namespace.get(key).map(|member| *member.value), Some(1));
    namespace.remove(key);
    insert(&mut namespace, "a", 2);
}

#[test]
fn the_value_of_a_member_can_be_changed() {
    let mut namespace = Namespace::default();
    let key = insert(&mut namespace, "a", 1);
    *namespace.value_mut(key).unwrap() = 2;
    assert_eq!(values(&namespace, &Target::everyone()), [2]);
}

#[test]
fn who_is_removed_leaves_its_id_its_value_and_its_rooms() {
    let mut namespace = Namespace::default();
    let key = insert(&mut namespace, "a", 1);
    namespace.join(key, "y").unwrap();
    namespace.join(key, "x").unwrap();
    let removed = namespace.remove(key).unwrap();
    assert_eq!((removed.id.as_str(), removed.value), ("a", 1));
    assert_eq!(removed.rooms, BTreeSet::from([Arc::from("x"), Arc::from("y")]));
    assert!(namespace.is_empty());
    assert_eq!(namespace.room_names().count(), 0);
    assert_eq!(namespace.remove(key), None);
}

#[test]
fn a_stale_key_names_nobody() {
    let mut namespace = Namespace::default();
    let stays = insert(&mut namespace, "stays", 0);
    let stale = insert(&mut namespace, "a", 1);
    namespace.remove(stale);
    let other = insert(&mut namespace, "a", 2);
    assert_eq!(namespace.get(stale), None);
    assert_eq!(namespace.value_mut(stale), None);
    assert_eq!(namespace.join(stale, "room"), Err(JoinError::Gone));
    assert_eq!(namespace.join(stale, "a"), Err(JoinError::Gone));
    namespace.join(other, "room").unwrap();
    assert!(!namespace.leave(stale, "room"));
    assert!(!namespace.leave(stale, "a"));
    assert!(!namespace.is_in(stale, "room"));
    assert_eq!(namespace.rooms(stale).count(), 0);
    assert_eq!(values(&namespace, &Target::everyone().skip(stale)), [0, 2]);
    assert_eq!(namespace.remove(stale), None);
    assert!(namespace.get(stays).is_some() && namespace.get(other).is_some());
}

#[test]
fn a_key_stays_stale_after_everyone_left() {
    let mut namespace = Namespace::default();
    let stale = insert(&mut namespace, "a", 1);
    namespace.remove(stale);
    assert_eq!(namespace.get(stale), None);
    insert(&mut namespace, "a", 2);
    assert_eq!(namespace.get(stale), None);
}

#[test]
fn keys_order_by_arrival() {
    let mut namespace = Namespace::default();
    let first = insert(&mut namespace, "z", 1);
    let second = insert(&mut namespace, "y", 2);
    namespace.remove(first);
    let third = insert(&mut namespace, "x", 3);
    assert!(first < second && second < third);
}

#[test]
fn members_come_in_order_of_arrival_and_newcomers_fill_the_latest_gap() {
    let mut namespace = Namespace::default();
    let keys: Vec<_> = (0..5)
        .map(|n| insert(&mut namespace, &format!("{}", 9 - n), n))
        .collect();
    assert_eq!(values(&namespace, &Target::everyone()), [0, 1, 2, 3, 4]);
    namespace.remove(keys[1]);
    namespace.remove(keys[3]);
    insert(&mut namespace, "a", 5);
    assert_eq!(values(&namespace, &Target::everyone()), [0, 2, 5, 4]);
    insert(&mut namespace, "b", 6);
    assert_eq!(values(&namespace, &Target::everyone()), [0, 6, 2, 5, 4]);
}

#[test]
fn namespaces_are_made_once_and_found_by_name() {
    let mut hub = Hub::default();
    assert!(hub.namespace("/").is_none() && hub.namespace_mut("/").is_none());
    insert(hub.create("/"), "a", 1);
    assert_eq!(hub.create("/").len(), 1);
    insert(hub.create("/admin"), "a", 2);
    insert(hub.namespace_mut("/admin").unwrap(), "b", 3);
    let lens = hub.namespaces().map(|(name, namespace)| (name, namespace.len()));
    assert_eq!(lens.collect::<Vec<_>>(), [("/", 1), ("/admin", 2)]);
    assert_eq!(values(hub.namespace("/admin").unwrap(), &Target::everyone()), [2, 3]);
}

#[test]
fn a_namespace_goes_when_it_is_empty_and_not_before() {
    let mut hub = Hub::default();
    let key = insert(hub.create("/game-1"), "a", 1);
    assert!(!hub.remove_if_empty("/game-1"));
    hub.namespace_mut("/game-1").unwrap().remove(key);
    assert!(hub.remove_if_empty("/game-1"));
    assert!(!hub.remove_if_empty("/game-1"));
    assert!(hub.namespace("/game-1").is_none());
}

#[test]
fn a_key_of_a_removed_namespace_names_nobody_in_its_successor() {
    let mut hub = Hub::default();
    let key = insert(hub.create("/game-1"), "a", 1);
    hub.namespace_mut("/game-1").unwrap().remove(key);
    hub.remove_if_empty("/game-1");
    let successor = hub.create("/game-1");
    insert(successor, "a", 2);
    assert_eq!(successor.get(key), None);
}

#[test]
fn a_hub_gives_its_limits_to_its_namespaces() {
    let mut limits = RoomLimits::default();
    limits.rooms_per_member = 0;
    let mut hub = Hub::new(limits);
    let namespace = hub.create("/");
    let key = insert(namespace, "a", 1);
    assert_eq!(namespace.join(key, "room"), Err(JoinError::TooManyRooms { limit: 0 }));
}
