//! What the targets share.

mod memory;
pub use memory::bounded;

mod post;
pub use post::{Posted, post, post_all};

mod records;
pub use records::{message_of, messages, records};

mod resolved;
pub use resolved::{Resolved, resolved};
