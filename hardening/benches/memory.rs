//! What secret memory costs beside the ordinary heap.
#![allow(clippy::unwrap_used)] // A benchmark.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;

use hardening::arena::{self, ArenaSize};
use hardening::heap::{self, SecretHeap};
use hardening::stack::run_on_secret_stack;
use hardening::{MemoryError, Secret};

#[global_allocator]
static HEAP: SecretHeap = SecretHeap;

const SIZES: [usize; 4] = [32, 600, 4096, 100_000];

fn main() {
    let begun = std::time::Instant::now();
    arena::install(ArenaSize::mib(64)).unwrap();
    let arena_us = begun.elapsed().as_micros();
    let begun = std::time::Instant::now();
    let keys: Vec<_> = (0..100_000).map(|_| secret()).collect();
    let keys_us = begun.elapsed().as_micros();
    let used = arena::installed().unwrap().size_bytes() - arena::installed().unwrap().free_bytes();
    drop(keys);
    let begun = std::time::Instant::now();
    arena::installed().unwrap().warm(16 << 20);
    let warm_us = begun.elapsed().as_micros();
    heap::enter_secret(64 << 20).unwrap();
    #[allow(clippy::print_stdout)]
    {
        println!(
            "64 MiB arena installed in {arena_us} us; the first 100,000 secrets in {keys_us} us, {used} bytes"
        );
        println!("the rest of 16 MiB warmed in {warm_us} us");
    }
    divan::main();
}

fn secret() -> Secret<32> {
    Secret::init_with(|bytes| {
        bytes.fill(7);
        Ok::<_, MemoryError>(())
    })
    .unwrap()
}

#[divan::bench(threads = [1, 2])]
fn secret_made_and_dropped() {
    black_box(secret());
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn hundred_thousand_secrets_made(bencher: divan::Bencher) {
    bencher.bench(|| (0..100_000).map(|_| secret()).collect::<Vec<_>>());
}

#[divan::bench(args = SIZES, threads = [1, 2])]
fn secret_heap(bytes: usize) {
    allocate_and_free(&HEAP, bytes);
}

#[divan::bench(args = SIZES, threads = [1, 2])]
fn system_heap(bytes: usize) {
    allocate_and_free(&System, bytes);
}

#[allow(unsafe_code)] // Calls an allocator directly, to compare two in one process.
fn allocate_and_free(heap: &impl GlobalAlloc, bytes: usize) {
    let layout = Layout::from_size_align(bytes, 8).unwrap();
    // SAFETY: the size is not zero.
    let at = black_box(unsafe { heap.alloc(layout) });
    // SAFETY: just allocated with this layout, and not used any more.
    unsafe { heap.dealloc(at, layout) };
}

#[divan::bench]
fn a_closure_on_a_secret_stack_of_64_kib() -> u64 {
    run_on_secret_stack(64 << 10, || black_box(5)).unwrap()
}
