//! See `Cargo.toml`.
#![no_std]

use core::alloc::{GlobalAlloc, Layout};

pub use {engineio_proto, socketio_proto};

struct Nothing;

// SAFETY: it never gives out memory, which an allocator may do.
unsafe impl GlobalAlloc for Nothing {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Nothing = Nothing;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
