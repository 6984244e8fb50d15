//! Who a target reaches, one after the other.

use core::iter::FusedIterator;

use super::slab::Slab;
use super::union::Union;
use super::{Member, MemberKey, member::Entry};

/// The members that a [`Target`](super::Target) reaches, each once; made by [`Namespace::members`](super::Namespace::members).
///
/// They come in an order that depends on nothing but what was done to the namespace before: ascending by their places
/// in it, which is the order of arrival as long as nobody left.
#[derive(Debug)]
pub struct Members<'a, T> {
    members: &'a Slab<Entry<T>>,
    reached: Union<'a>,
    except: Union<'a>,
    skip: Option<MemberKey>,
}

impl<'a, T> Members<'a, T> {
    pub(super) fn new(
        members: &'a Slab<Entry<T>>,
        reached: Union<'a>,
        except: Union<'a>,
        skip: Option<MemberKey>,
    ) -> Self {
        Self {
            members,
            reached,
            except,
            skip,
        }
    }
}

impl<T> Clone for Members<'_, T> {
    fn clone(&self) -> Self {
        Self {
            members: self.members,
            reached: self.reached.clone(),
            except: self.except.clone(),
            skip: self.skip,
        }
    }
}

impl<'a, T> Iterator for Members<'a, T> {
    type Item = Member<'a, T>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let index = self.reached.next()?;
            if self.except.seek(index) {
                continue;
            }
            let (key, entry) = self.members.at(index);
            if self.skip != Some(key) {
                return Some(entry.member(key));
            }
        }
    }
}

impl<T> FusedIterator for Members<'_, T> {}
