//! What an application keeps with a socket.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

type Map = BTreeMap<TypeId, Box<dyn Any + Send + Sync>>;

/// Values that an application keeps with a socket, one of each type.
///
/// ```
/// # use socketio_hyper::Data;
/// # fn example(data: &Data) {
/// #[derive(Clone)]
/// struct Nick(String);
///
/// data.insert(Nick("ada".into()));
/// assert_eq!(data.get::<Nick>().map(|nick| nick.0), Some("ada".to_owned()));
/// # }
/// ```
#[derive(Default)]
pub struct Data(Mutex<Map>);

impl Data {
    /// Keeps a value; returns the one of its type that was kept before.
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) -> Option<T> {
        let before = self.lock().insert(TypeId::of::<T>(), Box::new(value))?;
        before.downcast().ok().map(|before| *before)
    }

    /// A copy of the value of this type.
    #[must_use]
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.lock().get(&TypeId::of::<T>())?.downcast_ref().cloned()
    }

    /// Keeps it no more.
    pub fn remove<T: Send + Sync + 'static>(&self) -> Option<T> {
        self.lock()
            .remove(&TypeId::of::<T>())?
            .downcast()
            .ok()
            .map(|value| *value)
    }

    /// Looks at the value of this type or changes it; it begins as its default. Other users of the data wait meanwhile, so
    /// `change` must not be one.
    pub fn update<T: Default + Send + Sync + 'static, R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let mut map = self.lock();
        let value = map.entry(TypeId::of::<T>()).or_insert_with(|| Box::<T>::default());
        change(value.downcast_mut().expect("a value is kept under its own type"))
    }

    fn lock(&self) -> MutexGuard<'_, Map> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Data")
            .field("values", &self.lock().len())
            .finish_non_exhaustive()
    }
}
