//! Connections on smol, through hyper's traits.
#![cfg(unix)]

use std::future::poll_fn;
use std::io::{self, IoSlice, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use smol::Timer;
use smol::future::{or, poll_once, yield_now, zip};
use socketio_smol::SmolIo;
use socketio_smol::hyper::rt::{Read, ReadBuf, Write};

/// One side on smol, the other one of the standard library.
fn pair() -> (SmolIo, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    there.set_nodelay(true).unwrap();
    let (here, _) = listener.accept().unwrap();
    here.set_nodelay(true).unwrap();
    (SmolIo::new(here).unwrap(), there)
}

fn block_on<T>(test: impl Future<Output = T>) -> T {
    let patience = async {
        Timer::after(Duration::from_secs(20)).await;
        panic!("it waits for ever");
    };
    smol::block_on(or(test, patience))
}

async fn read(io: &mut (impl Read + Unpin), at_most: usize) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0xaa; at_most];
    poll_fn(|cx| {
        let mut read = ReadBuf::new(&mut buffer);
        let result = Pin::new(&mut *io).poll_read(cx, read.unfilled());
        result.map_ok(|()| read.filled().to_vec())
    })
    .await
}

async fn write_all(io: &mut (impl Write + Unpin), mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = poll_fn(|cx| Pin::new(&mut *io).poll_write(cx, bytes)).await?;
        bytes = &bytes[count..];
    }
    Ok(())
}

/// Waits as long as the reactor has something to tell, and longer.
async fn settle(io: &mut SmolIo) {
    for _ in 0..20 {
        assert!(poll_once(read(io, 8)).await.is_none(), "nothing is there yet");
        yield_now().await;
    }
}

#[test]
fn what_arrives_is_read_and_what_is_written_arrives() {
    let (mut io, mut there) = pair();
    block_on(async {
        settle(&mut io).await;
        there.write_all(b"hello").unwrap();
        assert_eq!(read(&mut io, 64).await.unwrap(), b"hello");
        write_all(&mut io, b"welcome").await.unwrap();
    });
    let mut welcome = [0; 7];
    there.read_exact(&mut welcome).unwrap();
    assert_eq!(&welcome, b"welcome");
}

#[test]
fn the_rest_of_a_buffer_is_not_touched() {
    let (mut io, mut there) = pair();
    there.write_all(b"abc").unwrap();
    let mut buffer = [0xaa; 8];
    block_on(poll_fn(|cx| {
        let mut read = ReadBuf::new(&mut buffer);
        Pin::new(&mut io).poll_read(cx, read.unfilled())
    }))
    .unwrap();
    assert_eq!(&buffer, b"abc\xaa\xaa\xaa\xaa\xaa");
}

#[test]
fn a_small_buffer_takes_all_of_it_piece_by_piece() {
    let (mut io, mut there) = pair();
    there.write_all(b"0123456789").unwrap();
    block_on(async {
        for expected in ["0123", "4567", "89"] {
            assert_eq!(read(&mut io, 4).await.unwrap(), expected.as_bytes());
        }
        settle(&mut io).await;
        there.write_all(b"more").unwrap();
        assert_eq!(read(&mut io, 4).await.unwrap(), b"more");
    });
}

#[test]
fn the_end_that_comes_together_with_the_last_bytes_is_read_too() {
    let (mut io, mut there) = pair();
    block_on(async {
        settle(&mut io).await;
        there.write_all(b"bye").unwrap();
        there.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read(&mut io, 64).await.unwrap(), b"bye");
        assert_eq!(read(&mut io, 64).await.unwrap(), b"");
        assert_eq!(read(&mut io, 64).await.unwrap(), b"", "and stays there");
    });
}

#[test]
fn the_end_that_comes_after_the_last_bytes_were_read_is_read_too() {
    let (mut io, mut there) = pair();
    block_on(async {
        there.write_all(b"bye").unwrap();
        assert_eq!(read(&mut io, 64).await.unwrap(), b"bye");
        settle(&mut io).await;
        drop(there);
        assert_eq!(read(&mut io, 64).await.unwrap(), b"");
    });
}

#[test]
fn a_broken_connection_is_an_error() {
    let (mut io, there) = pair();
    block_on(async {
        write_all(&mut io, b"unread").await.unwrap();
        while there.peek(&mut [0; 6]).unwrap() < 6 {}
        drop(there); // with bytes that it has not read, it is reset
        let error = read(&mut io, 64).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_writer_waits_for_room_and_goes_on() {
    const ALL: usize = 8 << 20;
    let (mut io, mut there) = pair();
    let mut written = Vec::new();
    block_on(async {
        let chunk = [1; 64 << 10];
        while let Some(count) = poll_once(poll_fn(|cx| Pin::new(&mut io).poll_write(cx, &chunk))).await {
            written.extend_from_slice(&chunk[..count.unwrap()]); // until it is full
        }
    });
    let left = vec![2; ALL];
    written.extend_from_slice(&left);
    let reader = thread::spawn(move || {
        let mut all = Vec::new();
        there.read_to_end(&mut all).unwrap();
        all
    });
    block_on(async {
        write_all(&mut io, &left).await.unwrap();
        poll_fn(|cx| Pin::new(&mut io).poll_shutdown(cx)).await.unwrap();
    });
    assert!(reader.join().unwrap() == written);
}

#[test]
fn a_reader_and_a_writer_wait_at_the_same_time() {
    let (mut io, mut there) = pair();
    block_on(async {
        let chunk = [1; 64 << 10];
        while poll_once(poll_fn(|cx| Pin::new(&mut io).poll_write(cx, &chunk)))
            .await
            .is_some()
        {}
        assert!(poll_once(read(&mut io, 8)).await.is_none());
        there.write_all(b"hello").unwrap();
        assert_eq!(
            read(&mut io, 8).await.unwrap(),
            b"hello",
            "though nothing can be written"
        );
        let drained = smol::unblock(move || {
            let mut sink = [0; 64 << 10];
            while there.read(&mut sink).is_ok_and(|count| count > 0) {}
        });
        let write = async { write_all(&mut io, &chunk).await.unwrap() };
        or(write, drained).await;
    });
}

#[test]
fn slices_are_written_in_order() {
    let (mut io, mut there) = pair();
    assert!(io.is_write_vectored());
    let slices = [IoSlice::new(b"one "), IoSlice::new(b""), IoSlice::new(b"write")];
    let count = block_on(poll_fn(|cx| Pin::new(&mut io).poll_write_vectored(cx, &slices))).unwrap();
    assert_eq!(count, 9);
    drop(io);
    let mut all = String::new();
    there.read_to_string(&mut all).unwrap();
    assert_eq!(all, "one write");
}

#[test]
fn a_task_that_takes_over_a_connection_is_woken_instead() {
    let (mut io, mut there) = pair();
    let mut io = block_on(async move {
        settle(&mut io).await; // this task waits for it
        io
    });
    let (waits, waiting) = smol::channel::bounded::<()>(1);
    let task = smol::spawn(async move {
        assert!(poll_once(read(&mut io, 8)).await.is_none());
        waits.send(()).await.unwrap();
        read(&mut io, 8).await.unwrap()
    });
    block_on(async {
        waiting.recv().await.unwrap();
        there.write_all(b"hello").unwrap();
        assert_eq!(task.await, b"hello");
    });
}

#[test]
fn nothing_is_lost_between_two_threads() {
    const ROUNDS: u32 = 20_000;
    let (mut io, mut there) = pair();
    let other = thread::spawn(move || {
        // Answers in two writes: the second one often comes while the first one is read.
        let mut number = [0; 4];
        while there.read_exact(&mut number).is_ok() {
            there.write_all(&number[..2]).unwrap();
            there.write_all(&number[2..]).unwrap();
        }
    });
    let echoes = smol::spawn(async move {
        for round in 0..ROUNDS {
            write_all(&mut io, &round.to_be_bytes()).await.unwrap();
            let mut answer = Vec::new();
            while answer.len() < 4 {
                answer.extend(read(&mut io, 64).await.unwrap());
            }
            assert_eq!(answer, round.to_be_bytes());
        }
    });
    block_on(echoes);
    other.join().unwrap();
}

#[test]
fn connections_come_and_go_without_harm_to_each_other() {
    block_on(async {
        let (mut stays, mut there) = pair();
        for round in 0..200_u8 {
            let (mut goes, mut client) = pair();
            settle(&mut goes).await;
            client.write_all(&[round]).unwrap();
            drop(client);
            there.write_all(&[round]).unwrap();
            let (one, other) = zip(read(&mut goes, 8), read(&mut stays, 8)).await;
            assert_eq!((one.unwrap(), other.unwrap()), (vec![round], vec![round]));
            settle(&mut stays).await;
        }
    });
}

#[cfg(target_os = "linux")] // elsewhere each is looked at by itself, and a process may not have as many
#[test]
fn more_connections_than_are_looked_at_at_once_are_all_woken() {
    const MANY: usize = 350;
    let (mut readers, mut clients) = (Vec::new(), Vec::new());
    for _ in 0..MANY {
        let (here, there) = UnixStream::pair().unwrap();
        let mut io = SmolIo::new(here).unwrap();
        readers.push(smol::spawn(async move { read(&mut io, 8).await.unwrap() }));
        clients.push(there);
    }
    block_on(async {
        // By a task of the executor that wakes them, which finds all of them at once therefore.
        let write = smol::spawn(async move {
            for client in &mut clients {
                client.write_all(b"hello").unwrap();
            }
            clients
        });
        let _open = write.await;
        for reader in readers {
            assert_eq!(reader.await, b"hello");
        }
    });
}

#[test]
fn a_waker_that_panics_keeps_nobody_from_being_woken() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("on purpose");
        }
    }

    let ((mut bad, mut bad_client), (mut good, mut good_client)) = (pair(), pair());
    block_on(settle(&mut bad));
    let waker = Waker::from(Arc::new(Panics));
    let mut reading = pin!(read(&mut bad, 8));
    assert!(reading.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    bad_client.write_all(b"hello").unwrap();
    block_on(async {
        for _ in 0..10 {
            settle(&mut good).await;
            good_client.write_all(b"hello").unwrap();
            assert_eq!(read(&mut good, 8).await.unwrap(), b"hello");
        }
    });
}

#[test]
fn unix_sockets_are_connections_too() {
    let (here, mut there) = UnixStream::pair().unwrap();
    let mut io = SmolIo::new(here).unwrap();
    block_on(async {
        assert!(poll_once(read(&mut io, 8)).await.is_none());
        there.write_all(b"hello").unwrap();
        assert_eq!(read(&mut io, 8).await.unwrap(), b"hello");
        poll_fn(|cx| Pin::new(&mut io).poll_shutdown(cx)).await.unwrap();
        assert_eq!(there.read(&mut [0; 8]).unwrap(), 0);
    });
    assert!(format!("{io:?}").starts_with("SmolIo(UnixStream"));
}
