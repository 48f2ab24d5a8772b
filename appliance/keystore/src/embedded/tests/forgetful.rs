//! A disk in memory that forgets what was not synced, runs out of room, and breaks, on demand.

use super::super::change::make_tables;
use super::super::{Fault, FullSign, Medium};
use redb::{Builder, Database, StorageBackend, StorageError};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

/// Bytes that a disk writes as one.
const SECTOR_BYTES: usize = 512;

#[derive(Debug, Clone)]
enum Operation {
    Length(usize),
    Write(usize, Vec<u8>),
}

#[derive(Debug, Default)]
pub(super) struct Platter {
    now: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Operation>,
    /// Growth is refused with ENOSPC.
    pub(super) no_room: bool,
    /// Everything fails with EIO.
    pub(super) broken: bool,
    /// How many more operations succeed before the power goes.
    pub(super) fuse: Option<u64>,
    /// Operations that changed something, so far.
    pub(super) operations: u64,
    pub(super) syncs: u64,
}

/// One disk; its clones are the same disk.
#[derive(Debug, Clone, Default)]
pub(super) struct Forgetful(Arc<Mutex<Platter>>);

impl Forgetful {
    pub(super) fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap()
    }

    /// The disk as it is after the power was cut: all that was synced, and of the rest any sectors of any writes.
    pub(super) fn after_the_cut(&self, random: &mut impl FnMut() -> u64) -> Self {
        let platter = self.platter();
        let mut bytes = platter.durable.clone();
        for operation in &platter.pending {
            match operation {
                Operation::Length(length) if random().is_multiple_of(2) => bytes.resize(*length, 0),
                Operation::Length(_) => {}
                Operation::Write(offset, data) => {
                    for (at, sector) in (*offset..).step_by(SECTOR_BYTES).zip(data.chunks(SECTOR_BYTES)) {
                        if random().is_multiple_of(2) {
                            let end = at + sector.len();
                            bytes.resize(bytes.len().max(end), 0);
                            bytes[at..end].copy_from_slice(sector);
                        }
                    }
                }
            }
        }
        let platter = Platter { now: bytes.clone(), durable: bytes, ..Platter::default() };
        Self(Arc::new(Mutex::new(platter)))
    }

    fn changing(&self) -> io::Result<MutexGuard<'_, Platter>> {
        let mut platter = self.platter();
        match &mut platter.fuse {
            Some(0) => return Err(io::Error::other("the power is gone")),
            Some(left) => *left -= 1,
            None => {}
        }
        if platter.broken {
            return Err(io::Error::from_raw_os_error(5));
        }
        platter.operations += 1;
        Ok(platter)
    }
}

impl Medium for Forgetful {
    /// A new store is made elsewhere and gets its name in one operation, as on a real disk.
    fn open(&self, full: FullSign, builder: &Builder) -> Result<Database, Fault> {
        if self.platter().durable.is_empty() {
            let unfinished = Self::default();
            let drive = Drive { disk: unfinished.clone(), full: full.clone() };
            let database = builder.create_with_backend(drive)?;
            make_tables(&database)?;
            database.close()?;
            let made = core::mem::take(&mut unfinished.platter().durable);
            let mut platter = self.changing().map_err(StorageError::from)?;
            platter.now.clone_from(&made);
            platter.durable = made;
        }
        Ok(builder.create_with_backend(Drive { disk: self.clone(), full })?)
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self.platter().now.len() as u64)
    }
}

#[derive(Debug)]
struct Drive {
    disk: Forgetful,
    full: FullSign,
}

impl StorageBackend for Drive {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.platter().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let platter = self.disk.platter();
        if platter.broken {
            return Err(io::Error::from_raw_os_error(5));
        }
        let at = usize::try_from(offset).unwrap();
        let bytes = platter.now.get(at..at + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut platter = self.disk.changing()?;
        let length = usize::try_from(length).unwrap();
        if platter.no_room && length > platter.now.len() {
            self.full.raise();
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        platter.now.resize(length, 0);
        platter.pending.push(Operation::Length(length));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut platter = self.disk.changing()?;
        platter.durable = platter.now.clone();
        platter.pending.clear();
        platter.syncs += 1;
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut platter = self.disk.changing()?;
        let at = usize::try_from(offset).unwrap();
        platter.now[at..at + data.len()].copy_from_slice(data);
        platter.pending.push(Operation::Write(at, data.to_vec()));
        Ok(())
    }
}
