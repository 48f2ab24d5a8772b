//! Archive: moves an object out of on-line storage.
//!
//! Rules: KMIP 1.4, section 4.22; KMIP 2.1, section 6.1.4.

use crate::field::structure;
use crate::identifier::Identifier;

structure! {
    /// What Archive is given.
    #[derive(Clone, Copy)]
    ArchiveRequest<'a> {
        /// The object; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
    }
}

structure! {
    /// What Archive yields.
    #[derive(Clone, Copy)]
    ArchiveResponse<'a> {
        /// The object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
    }
}
