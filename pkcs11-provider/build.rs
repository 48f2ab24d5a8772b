//! Keeps the library in the process after dlclose: the TLS library's thread-local storage has destructors in it, which run
//! when threads end that used it, however long after the application has closed it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-cdylib=-Wl,-z,nodelete");
}
