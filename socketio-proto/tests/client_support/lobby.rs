//! The server's main namespace when its sockets can come back.

use std::collections::BTreeMap;

use engineio_proto::Instant;
use socketio_proto::server::SocketKey;
use socketio_proto::server::hub::recovery::{RecoveryConfig, Resume, ResumeRequest, WithOffset};
use socketio_proto::server::hub::{MemberKey, Namespace, RoomLimits, Target};
use socketio_proto::{DisconnectReason, Encoded, Json, PrivateId, SocketId, ToArgs};

/// A socket of the server: its session's number, and its key there.
type Place = (usize, SocketKey);

/// How a socket is to be let in.
pub struct Admission {
    pub id: SocketId,
    pub pid: PrivateId,
    pub missed: Vec<Encoded>,
}

/// Who is there, who is away, and what they missed. What is kept of one that is away is its private name.
pub struct Lobby {
    namespace: Namespace<(Place, PrivateId), PrivateId>,
    members: BTreeMap<Place, MemberKey>,
    count: u64,
}

impl Lobby {
    pub fn new() -> Self {
        Self {
            namespace: Namespace::with_recovery(RoomLimits::default(), RecoveryConfig::default(), [7; 15]),
            members: BTreeMap::new(),
            count: 0,
        }
    }

    /// A socket asks to be let in.
    pub fn admit(&mut self, now: Instant, place: Place, auth: Option<&Json>) -> Admission {
        if let Some(request) = auth.and_then(ResumeRequest::from_auth) {
            let pid = request.pid;
            let mut resumed = self.namespace.resume(now, &request, 1 << 20, |_, pid| (place, pid));
            if let Resume::StillHere(member) = resumed {
                self.members.retain(|_, other| *other != member);
                self.namespace.suspend(now, member, pid);
                resumed = self.namespace.resume(now, &request, 1 << 20, |_, pid| (place, pid));
            }
            if let Resume::Back { key, missed } = resumed {
                self.members.insert(place, key);
                let id = self
                    .namespace
                    .members(&Target::everyone())
                    .find(|member| member.value.0 == place);
                let id = id.expect("it is back").id.clone();
                return Admission { id, pid, missed };
            }
        }
        self.count += 1;
        let mut entropy = [3; 15];
        entropy[..8].copy_from_slice(&self.count.to_be_bytes());
        let (id, pid) = (
            SocketId::new(&format!("member-{}", self.count)),
            PrivateId::from_entropy(entropy),
        );
        let inserted = self.namespace.insert_recoverable(pid, id.clone(), (place, pid));
        self.members.insert(place, inserted.expect("a new id"));
        Admission {
            id,
            pid,
            missed: Vec::new(),
        }
    }

    /// A socket has left.
    pub fn leave(&mut self, now: Instant, place: Place, reason: &DisconnectReason) {
        let Some(member) = self.members.remove(&place) else {
            return;
        };
        let pid = self
            .namespace
            .members(&Target::everyone())
            .find(|member| member.value.0 == place);
        let pid = pid.expect("it was there").value.1;
        if reason.is_recoverable() {
            self.namespace.suspend(now, member, pid);
        } else {
            self.namespace.remove(member);
        }
    }

    /// The packet for everyone, and who that is now.
    pub fn broadcast(&mut self, now: Instant, event: &str, args: &impl ToArgs) -> (Encoded, Vec<Place>) {
        let offset = self.namespace.next_offset().expect("its sockets can come back");
        let packet = Encoded::event("/", None, event, &WithOffset(args, offset)).unwrap();
        self.namespace.record(now, &Target::everyone(), &packet);
        let places = self.namespace.members(&Target::everyone()).map(|member| member.value.0);
        (packet, places.collect())
    }
}
