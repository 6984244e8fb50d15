//! What an event is called.

use core::borrow::Borrow;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::Deref;

use alloc::string::String;
use arrayvec::ArrayString;
use bytestring::ByteString;

/// The longest name that is kept in place: what fits beside the other kind without making the whole larger.
const SHORT: usize = 20;

/// The name of an event, a string.
///
/// A short one, as most are, is in here itself: to have it counts no reference, and keeps nothing of the message that it came in. A long
/// one is a slice of that.
#[derive(Clone)]
pub struct EventName(Name);

#[derive(Clone)]
enum Name {
    Short(ArrayString<SHORT>),
    Long(ByteString),
}

impl EventName {
    /// The name that is at `name` in `text`.
    #[inline]
    pub(crate) fn of(name: &str, text: &ByteString) -> Self {
        Self(ArrayString::from(name).map_or_else(|_| Name::Long(text.slice_ref(name)), Name::Short))
    }

    /// The name as text.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Name::Short(name) => name,
            Name::Long(name) => name,
        }
    }

    /// The same name in memory of its own, for whoever keeps it for long.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self::from(self.as_str())
    }
}

impl Default for EventName {
    fn default() -> Self {
        Self(Name::Short(ArrayString::new_const()))
    }
}

impl From<&str> for EventName {
    fn from(name: &str) -> Self {
        Self(ArrayString::from(name).map_or_else(|_| Name::Long(name.into()), Name::Short))
    }
}

impl From<String> for EventName {
    fn from(name: String) -> Self {
        ByteString::from(name).into()
    }
}

impl From<ByteString> for EventName {
    fn from(name: ByteString) -> Self {
        match ArrayString::from(&name) {
            Ok(name) => Self(Name::Short(name)),
            Err(_) => Self(Name::Long(name)),
        }
    }
}

impl From<EventName> for ByteString {
    fn from(name: EventName) -> Self {
        match name.0 {
            Name::Short(name) => Self::from(name.as_str()),
            Name::Long(name) => name,
        }
    }
}

impl Deref for EventName {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for EventName {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for EventName {
    fn borrow(&self) -> &str {
        self
    }
}

impl<T: AsRef<str> + ?Sized> PartialEq<T> for EventName {
    fn eq(&self, other: &T) -> bool {
        **self == *other.as_ref()
    }
}

impl Eq for EventName {}

impl PartialOrd for EventName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EventName {
    fn cmp(&self, other: &Self) -> Ordering {
        str::cmp(self, other)
    }
}

impl Hash for EventName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        str::hash(self, state);
    }
}

impl fmt::Debug for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn a_name_of_any_length_is_what_it_was_made_of() {
        for len in [0, 1, SHORT - 1, SHORT, SHORT + 1, 300] {
            let text = ByteString::from(format!("<{}>", "n".repeat(len)));
            let name = &text[1..=len];
            let same = [
                EventName::of(name, &text),
                EventName::from(name),
                EventName::from(String::from(name)),
                EventName::from(text.slice_ref(name)),
                EventName::of(name, &text).detached(),
            ];
            for same in same {
                assert_eq!(same, *name);
                assert_eq!(same.cmp(&EventName::from(name)), Ordering::Equal);
                assert_eq!(ByteString::from(same), *name);
            }
        }
    }

    #[test]
    fn a_short_name_takes_no_more_room_than_a_long_one() {
        assert_eq!(size_of::<EventName>(), size_of::<ByteString>());
    }

    #[test]
    fn a_short_name_keeps_no_message() {
        let name = "n".repeat(SHORT + 1);
        for len in [SHORT, SHORT + 1] {
            let text = ByteString::from(&*name);
            let kept = EventName::of(&text[..len], &text);
            assert_eq!(text.into_bytes().is_unique(), len <= SHORT);
            drop(kept);
        }
    }
}
