//! Secret memory and the sandbox: the only unsafe code besides the provider's ffi.
