//! The life of a managed object: states, what moves between them, and nothing else.
//!
//! Rules: KMIP 1.4, section 3.22 (the ten transitions); SP 800-57 Part 1 Rev. 5, section 7.

use kmip::enums::{Enumeration, State};

/// A state. Our own enum rather than the protocol's open number, so that every `match` is exhaustive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Life {
    /// Not to be used yet.
    PreActive,
    /// In use.
    Active,
    /// No longer protects; may still process what was protected.
    Deactivated,
    /// Known, or feared to be known, to others.
    Compromised,
    /// Its material is gone.
    Destroyed,
    /// Its material is gone and was compromised.
    DestroyedCompromised,
}

/// What can move an object from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Activate, or the Activation Date has come.
    Activation,
    /// Revoke for a reason other than compromise, or the Deactivation Date has come.
    Deactivation,
    /// Revoke because of compromise.
    Compromise,
    /// Destroy.
    Destruction,
}

impl Life {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::PreActive,
        Self::Active,
        Self::Deactivated,
        Self::Compromised,
        Self::Destroyed,
        Self::DestroyedCompromised,
    ];

    /// Where `cause` leads from here; `None` if it is not permitted. The numbers are those of the specification.
    #[must_use]
    pub const fn after(self, cause: Cause) -> Option<Self> {
        match (self, cause) {
            (Self::PreActive, Cause::Destruction) => Some(Self::Destroyed), // 2
            (Self::PreActive, Cause::Compromise) => Some(Self::Compromised), // 3
            (Self::PreActive, Cause::Activation) => Some(Self::Active),     // 4
            (Self::Active, Cause::Compromise) => Some(Self::Compromised),   // 5
            (Self::Active, Cause::Deactivation) => Some(Self::Deactivated), // 6
            (Self::Deactivated, Cause::Destruction) => Some(Self::Destroyed), // 7
            (Self::Deactivated, Cause::Compromise) => Some(Self::Compromised), // 8
            (Self::Compromised, Cause::Destruction) => Some(Self::DestroyedCompromised), // 9
            (Self::Destroyed, Cause::Compromise) => Some(Self::DestroyedCompromised), // 10
            (Self::PreActive, Cause::Deactivation)
            | (Self::Active, Cause::Activation | Cause::Destruction)
            | (Self::Deactivated, Cause::Activation | Cause::Deactivation)
            | (Self::Compromised, Cause::Activation | Cause::Deactivation | Cause::Compromise)
            | (Self::Destroyed, Cause::Activation | Cause::Deactivation | Cause::Destruction)
            | (
                Self::DestroyedCompromised,
                Cause::Activation | Cause::Deactivation | Cause::Compromise | Cause::Destruction,
            ) => None,
        }
    }

    /// This state, moved by the dates (seconds since 1970) that have come by `now`.
    #[must_use]
    pub fn at(self, now: i64, activation: Option<i64>, deactivation: Option<i64>) -> Self {
        let come = |date: Option<i64>| date.is_some_and(|date| date <= now);
        let mut state = self;
        if state == Self::PreActive && come(activation) {
            state = Self::Active;
        }
        if state == Self::Active && come(deactivation) {
            state = Self::Deactivated;
        }
        state
    }

    /// Is the material gone?
    #[must_use]
    pub const fn is_destroyed(self) -> bool {
        matches!(self, Self::Destroyed | Self::DestroyedCompromised)
    }

    /// As KMIP numbers it.
    #[must_use]
    pub fn code(self) -> u32 {
        match self {
            Self::PreActive => State::PRE_ACTIVE,
            Self::Active => State::ACTIVE,
            Self::Deactivated => State::DEACTIVATED,
            Self::Compromised => State::COMPROMISED,
            Self::Destroyed => State::DESTROYED,
            Self::DestroyedCompromised => State::DESTROYED_COMPROMISED,
        }
        .code()
    }

    /// From KMIP's number.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}
