//! A box with tenants: token, certificates, signer, directories, and the appliance that runs on them.

use crate::appliance::Appliance;
use crate::binaries::{holdfast, tool};
use crate::certificates::{Authority, Identity};
use crate::client::{Client, tls};
use crate::configuration::{self, Settings, is_root};
use crate::governance::{self, Governance, define, link, namespace, root_key, serve, trust};
use crate::token::Token;
use crate::waiting::eventually;
use holdfast_orbital::{Lane, Order, Received};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

/// Services of one bundle, so that it stays well below the largest.
const NAMESPACES_PER_BUNDLE: usize = 100;

/// Everything that a box needs; outlives the box itself, so that it can be started again on it.
pub struct Stage {
    directory: tempfile::TempDir,
    /// Its HSM.
    pub token: Token,
    /// Signs its bundles.
    pub governance: Governance,
    /// Certifies the box.
    pub box_ca: Authority,
    /// Certifies each tenant's clients.
    pub tenants: BTreeMap<String, Authority>,
    /// The configuration file.
    pub configuration: PathBuf,
    mounted: Vec<PathBuf>,
}

impl Stage {
    /// With tenants that have root keys and CAs, and a box that knows none of them yet.
    #[must_use]
    pub fn new(tenants: &[&str], settings: &Settings) -> Self {
        let directory = tempfile::Builder::new().prefix("holdfast-story-").tempdir().unwrap();
        fs::set_permissions(directory.path(), Permissions::from_mode(0o711)).unwrap();
        let token = Token::new(directory.path());
        for tenant in tenants {
            token.make_root_key(&root_key(tenant));
        }
        fs::set_permissions(directory.path().join("hsm"), Permissions::from_mode(0o711)).unwrap();
        let (governance, box_ca) = (Governance::new(), Authority::new("Box CA"));
        let signer = governance.public_key();
        let configuration =
            configuration::write(directory.path(), settings, &box_ca.server(), &token, &signer);
        let tenants =
            tenants.iter().map(|tenant| ((*tenant).to_owned(), Authority::new(&format!("{tenant} CA"))));
        let mut stage = Self {
            token,
            governance,
            box_ca,
            tenants: tenants.collect(),
            configuration,
            mounted: Vec::new(),
            directory,
        };
        for (name, kib) in [("keystore", settings.keystore_kib), ("audit", settings.audit_kib)] {
            if let Some(kib) = kib {
                stage.mount(name, kib);
            }
        }
        stage
    }

    /// A running box that serves these tenants.
    #[must_use]
    pub fn serving(tenants: &[&str], settings: &Settings) -> (Self, Appliance) {
        let mut stage = Self::new(tenants, settings);
        let appliance = Appliance::start(&stage.configuration);
        stage.define_all();
        (stage, appliance)
    }

    /// A running box with one tenant and a service of it for each of these names; whoever's certificate bears the name is
    /// that service's client.
    #[must_use]
    pub fn with_namespaces(tenant: &str, names: &[String], settings: &Settings) -> (Self, Appliance) {
        let mut stage = Self::new(&[tenant], settings);
        let appliance = Appliance::start(&stage.configuration);
        let ca = stage.tenants[tenant].der.clone();
        for (at, some) in names.chunks(NAMESPACES_PER_BUNDLE).enumerate() {
            let mut orders = if at == 0 { vec![define(tenant), link(tenant)] } else { Vec::new() };
            orders.extend(some.iter().flat_map(|name| namespace(tenant, name, &ca)));
            let receipt = stage.order(&format!("define-{at}"), Lane::Standard, orders);
            assert_eq!(receipt["outcome"], "applied", "{receipt}");
        }
        (stage, appliance)
    }

    /// Tells the box of every tenant, and waits until it has taken that.
    pub fn define_all(&mut self) {
        let mut orders = Vec::new();
        for (tenant, ca) in &self.tenants {
            orders.extend([define(tenant), link(tenant), serve(tenant), trust(tenant, &ca.der)]);
        }
        let receipt = self.order("define", Lane::Standard, orders);
        assert_eq!(receipt["outcome"], "applied", "{receipt}");
    }

    fn mount(&mut self, name: &str, kib: u32) {
        assert!(
            is_root(),
            "a full disk is a small file system, and only root can mount one: run this story as root"
        );
        let at = self.path(name);
        let user = "uid=65534,gid=65534,mode=0700";
        let mut mount = tool("mount", "mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={kib}k,{user}"), "holdfast-story"]).arg(&at);
        assert!(mount.status().unwrap().success(), "tmpfs at {}", at.display());
        self.mounted.push(at);
    }

    /// A path within the stage.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Signs the next bundle, carries it in, and waits for the receipt.
    pub fn order(&mut self, name: &str, lane: Lane, orders: Vec<Order>) -> Value {
        let bundle = self.governance.order(lane, orders);
        self.carry(name, bundle.as_bytes());
        self.settled(name)
    }

    /// Cuts a tenant off; the receipt.
    pub fn unlink(&mut self, name: &str, tenant: &str) -> Value {
        self.order(name, Lane::Critical, vec![governance::unlink(tenant)])
    }

    /// Signs the next bundle without carrying it.
    pub fn sign(&mut self, lane: Lane, orders: Vec<Order>) -> Received {
        self.governance.order(lane, orders)
    }

    /// Puts a file into the spool as a carrier should: whole, under a name of its own.
    pub fn carry(&self, name: &str, bytes: &[u8]) {
        let spool = self.path("in");
        let part = spool.join(format!(".{name}.part"));
        fs::write(&part, bytes).unwrap();
        fs::set_permissions(&part, Permissions::from_mode(0o644)).unwrap();
        fs::rename(&part, spool.join(format!("{name}.bundle"))).unwrap();
    }

    /// Every receipt of a file so far, the latest last.
    #[must_use]
    pub fn receipts(&self, name: &str) -> Vec<Value> {
        let path = self.path("out").join(format!("{name}.bundle.receipt.json"));
        let text = fs::read_to_string(path).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The first receipt of a file.
    #[must_use]
    pub fn receipt(&self, name: &str) -> Value {
        eventually("a receipt", || self.receipts(name).into_iter().next())
    }

    /// The receipt that settles a file.
    #[must_use]
    pub fn settled(&self, name: &str) -> Value {
        eventually("a final receipt", || {
            self.receipts(name).into_iter().find(|one| one["outcome"] != "waiting")
        })
    }

    /// A certificate for a client of a tenant.
    #[must_use]
    pub fn identity(&self, tenant: &str) -> Identity {
        self.tenants[tenant].client("client-1")
    }

    /// A client of a tenant.
    ///
    /// # Panics
    /// When it is not let in.
    #[must_use]
    pub fn client(&self, appliance: &Appliance, tenant: &str) -> Client {
        self.try_client(appliance, tenant).unwrap()
    }

    /// A client of a tenant.
    ///
    /// # Errors
    /// When it is not let in, or the box does not answer.
    pub fn try_client(&self, appliance: &Appliance, tenant: &str) -> std::io::Result<Client> {
        self.client_with(appliance, Some(&self.identity(tenant)))
    }

    /// A client with this certificate, or none.
    ///
    /// # Errors
    /// When it is not let in, or the box does not answer.
    pub fn client_with(&self, appliance: &Appliance, identity: Option<&Identity>) -> std::io::Result<Client> {
        Client::connect(appliance.kmip, tls(&self.box_ca, identity, rustls::ALL_VERSIONS))
    }

    /// `holdfast audit verify`, and what it said.
    #[must_use]
    pub fn verify_audit(&self) -> Output {
        run_holdfast(&["audit", "verify"], &self.path("audit"))
    }

    /// What `holdfast audit show` prints of the log: one line a record.
    #[must_use]
    pub fn audit_lines(&self) -> Vec<String> {
        let output = run_holdfast(&["audit", "show"], &self.path("audit"));
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for at in &self.mounted {
            let _ = tool("umount", "mount").arg("--lazy").arg(at).status();
        }
    }
}

/// The operator's command line, on one path.
pub fn run_holdfast(arguments: &[&str], path: &Path) -> Output {
    std::process::Command::new(holdfast()).args(arguments).arg(path).output().unwrap()
}
