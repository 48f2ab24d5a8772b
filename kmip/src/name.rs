//! Looks up the normalised name of a number, and the number of a name, by protocol version.
//!
//! Separate from the tables because tags, enumerations and masks share it.
//! Rules: KMIP Profiles 1.4 and 2.1, section "Hex representations / normalizing names".

use crate::version::Version;

/// One name of one number, with the versions in which it is so called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) value: u32,
    pub(crate) name: &'static str,
    pub(crate) since: Version,
    pub(crate) until: Version,
}

impl Row {
    fn covers(&self, version: Version) -> bool {
        (self.since..=self.until).contains(&version)
    }
}

/// The names of one enumeration or mask, sorted by number.
#[derive(Debug)]
pub struct Names {
    /// The standard's name for the whole list, for instance `Object Type`.
    pub title: &'static str,
    pub(crate) rows: &'static [Row],
}

impl Names {
    fn of(&self, value: u32) -> impl Iterator<Item = &'static Row> {
        let first = self.rows.partition_point(|row| row.value < value);
        self.rows.iter().skip(first).take_while(move |row| row.value == value)
    }

    /// What `version` calls `value`, or what the nearest version that knows it does.
    #[must_use]
    pub fn name(&self, value: u32, version: Version) -> Option<&'static str> {
        let mut nearest = None;
        for row in self.of(value) {
            if row.covers(version) {
                return Some(row.name);
            }
            nearest = nearest.or(Some(row.name));
        }
        nearest
    }

    /// The number with this normalised name in any version.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<u32> {
        self.rows.iter().find(|row| row.name == name).map(|row| row.value)
    }

    /// Whether `version` defines `value`.
    #[must_use]
    pub fn defines(&self, value: u32, version: Version) -> bool {
        self.of(value).any(|row| row.covers(version))
    }

    /// The numbers that `version` defines, in ascending order.
    pub fn values(&self, version: Version) -> impl Iterator<Item = u32> {
        self.rows.iter().filter(move |row| row.covers(version)).map(|row| row.value)
    }
}
