//! `holdfast audit show`. Prints as it reads: a log may be larger than memory.

use crate::{Failure, Report};
use clap::Args;
use holdfast_audit::format::{Record, What};
use holdfast_audit::show::{each_record, json_line, text_line};
use holdfast_model::TenantId;
use kmip::enums::{Enumeration, Operation};
use kmip::version::Version;
use std::collections::VecDeque;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

/// Most records that --last can hold.
const LAST_MAX: i64 = 1_000_000;

/// Prints the records of a log, oldest first, one a line; with --json one JSON object a line. It does not verify: do that
/// first.
#[derive(Args)]
#[command(after_help = "\
Examples:
  holdfast audit show /var/lib/holdfast/audit --last 20
  holdfast audit show /var/lib/holdfast/audit --tenant acme --json")]
pub(crate) struct Show {
    /// Directory of the log.
    directory: PathBuf,
    /// Only records of this tenant.
    #[arg(long, value_parser = TenantId::parse)]
    tenant: Option<TenantId>,
    /// Only the last so many of them.
    #[arg(long, value_name = "RECORDS", value_parser = clap::value_parser!(u32).range(1..=LAST_MAX))]
    last: Option<u32>,
}

impl Show {
    pub(crate) fn run(&self, as_json: bool) -> Result<Report, Failure> {
        let mut out = BufWriter::new(io::stdout().lock());
        let name = |number| Operation::from_code(number).name(Version::V2_1);
        let line = |record: &Record| match as_json {
            true => json_line(record, &name),
            false => text_line(record, &name),
        };
        let most = self.last.and_then(|last| usize::try_from(last).ok());
        let mut held: VecDeque<String> = VecDeque::new();
        let mut written = Ok(());
        let read = each_record(&self.directory, |record| {
            if !self.wants(record) {
                return true;
            }
            match most {
                None => written = writeln!(out, "{}", line(record)),
                Some(most) => {
                    if held.len() >= most {
                        held.pop_front();
                    }
                    held.push_back(line(record));
                }
            }
            written.is_ok()
        });
        read.map_err(|error| Failure::file(&self.directory, &error))?;
        let ended = written
            .and_then(|()| held.iter().try_for_each(|line| writeln!(out, "{line}")))
            .and_then(|()| out.flush());
        match ended {
            // Whoever reads has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            Err(error) => return Err(Failure::Unable(format!("standard output: {error}"))),
            Ok(()) => {}
        }
        Ok(Report::printed())
    }

    fn wants(&self, record: &Record) -> bool {
        match (&self.tenant, &record.what) {
            (None, _) => true,
            (Some(tenant), What::Event(event)) => event.tenant == Some(*tenant),
            (Some(_), _) => false,
        }
    }
}
