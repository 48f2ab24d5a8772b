//! Behaviour of a pool under ordinary, mixed and concurrent use.

use std::collections::HashSet;
use std::slice;

use super::*;

fn pool(bytes: usize) -> Pool {
    Pool::over(Region::map_locked(bytes).or_else(|_| Region::map(bytes)).unwrap()).unwrap()
}

fn view(block: NonNull<u8>, bytes: usize) -> &'static mut [u8] {
    // SAFETY: tests pass blocks they hold, with the size they asked for, and use one view at a time.
    unsafe { slice::from_raw_parts_mut(block.as_ptr(), bytes) }
}

fn give(pool: &Pool, block: NonNull<u8>) {
    // SAFETY: tests give each block back once and do not use it afterwards.
    unsafe { pool.release(block) };
}

#[test]
fn a_block_is_zeroed_even_where_a_secret_lay_before() {
    let pool = pool(64 * 1024);
    for size in [1, 16, 33, 500, 8192, 9000, 40_000] {
        let block = pool.allocate(size, 1).unwrap();
        assert!(view(block, size).iter().all(|b| *b == 0));
        view(block, size).fill(0xa5);
        give(&pool, block);
        let again = pool.allocate(size, 1).unwrap();
        assert!(view(again, pool.usable_bytes(again)).iter().all(|b| *b == 0));
        give(&pool, again);
    }
}

#[test]
fn alignment_is_what_was_asked_up_to_a_span_and_refused_beyond() {
    let pool = pool(256 * 1024);
    for align in [1, 8, 16, 32, 64, 128, 1024, 4096, 8192, 16384] {
        for size in [1, 100, 5000] {
            assert_eq!(pool.allocate(size, align).unwrap().as_ptr().addr() % align, 0);
        }
    }
    assert!(pool.allocate(1, 32768).is_none());
}

#[test]
fn exhaustion_is_an_answer_and_giving_back_makes_room_again() {
    let pool = pool(64 * 1024);
    let mut held: Vec<_> = std::iter::from_fn(|| pool.allocate(64, 1)).collect();
    assert_eq!(held.len(), 1024);
    assert!(pool.allocate(1, 1).is_none());
    for block in held.drain(..) {
        give(&pool, block);
    }
    assert!(pool.allocate(64 * 1024, 1).is_some(), "everything grew together again");
}

#[test]
fn runs_grow_together_again_in_whatever_order_they_are_given_back() {
    let pool = pool(8 * 16 * 1024);
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
        let runs: Vec<_> = (0..4).map(|_| pool.allocate(2 * 16 * 1024, 1).unwrap()).collect();
        assert!(pool.allocate(9000, 1).is_none());
        for index in order {
            give(&pool, runs[index]);
        }
        let whole = pool.allocate(8 * 16 * 1024, 1).unwrap();
        give(&pool, whole);
    }
}

#[test]
fn no_two_holders_ever_share_a_byte() {
    let pool = pool(1 << 20);
    let mut held: Vec<(NonNull<u8>, usize, u8)> = Vec::new();
    let mut seed = 0x9e37_79b9_u64;
    for round in 0..20_000_u32 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let roll = (seed >> 33) as usize;
        if roll % 5 < 3 {
            let size = if roll.is_multiple_of(50) { roll % 60_000 + 1 } else { roll % 700 + 1 };
            if let Some(block) = pool.allocate(size, 1) {
                assert!(view(block, size).iter().all(|b| *b == 0));
                let mark = (round % 255) as u8 + 1;
                view(block, size).fill(mark);
                held.push((block, size, mark));
            }
        } else if !held.is_empty() {
            let (block, size, mark) = held.swap_remove(roll % held.len());
            assert!(view(block, size).iter().all(|b| *b == mark), "somebody wrote into a held block");
            give(&pool, block);
        }
    }
    let distinct: HashSet<_> = held.iter().map(|(block, ..)| *block).collect();
    assert_eq!(distinct.len(), held.len());
}

#[test]
fn threads_allocate_and_give_back_each_others_blocks() {
    struct Parcel(NonNull<u8>);
    // SAFETY: a block is plain memory; the pool may be used from every thread.
    unsafe impl Send for Parcel {}
    let pool = pool(4 << 20);
    let (send, receive) = std::sync::mpsc::channel::<Parcel>();
    let receive = Mutex::new(receive);
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let (send, pool, receive) = (send.clone(), &pool, &receive);
            scope.spawn(move || {
                for round in 0..5_000_usize {
                    let block = pool.allocate(16 + round % 300, 8).unwrap();
                    assert!(view(block, 16).iter().all(|b| *b == 0));
                    view(block, 16).fill(thread + 1);
                    send.send(Parcel(block)).unwrap();
                    let other = receive.lock().unwrap().recv().unwrap();
                    let mark = view(other.0, 16)[0];
                    assert!(mark != 0 && view(other.0, 16).iter().all(|b| *b == mark));
                    give(pool, other.0);
                }
            });
        }
    });
    drop(send);
    assert!(receive.into_inner().unwrap().try_recv().is_err());
}

#[test]
fn after_wiping_everything_nothing_is_left_and_nothing_is_handed_out() {
    let pool = pool(128 * 1024);
    let (small, large) = (pool.allocate(32, 1).unwrap(), pool.allocate(50_000, 1).unwrap());
    view(small, 32).fill(9);
    view(large, 50_000).fill(9);
    pool.wipe_all();
    assert!(view(small, 32).iter().chain(view(large, 50_000).iter()).all(|b| *b == 0));
    assert!(pool.allocate(1, 1).is_none());
}
