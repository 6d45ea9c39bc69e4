//! All collections and aliases of one sandbox; REST and gRPC both call this and nothing below it.
//!
//! Every call blocks, so both run it on a blocking thread.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tempfile::TempDir;
use ulid::Ulid;

use super::collection::{CONFIG_FILE, Collection};
use super::error::{EngineError, EngineResult};
use super::names;
use super::schema::{AliasAction, AliasDescription, CollectionConfig, CollectionInfo, CreateCollection, UpdateCollection};

const COLLECTIONS_DIR: &str = "collections";
const SNAPSHOTS_DIR: &str = "snapshots";
const ALIASES_FILE: &str = "aliases.json";
/// How long a change of a collection waits for the optimizer.
const OPTIMIZER_PATIENCE: Duration = Duration::from_secs(1);

/// All collections and aliases.
pub struct Store {
    root: PathBuf,
    table: RwLock<Table>,
    /// Making a collection takes a while; readers should not wait for it, a second maker must.
    making: Mutex<()>,
    /// Removes the files of a sandbox that was not given a folder.
    _temporary: Option<TempDir>,
}

#[derive(Default)]
struct Table {
    collections: BTreeMap<String, Arc<Collection>>,
    aliases: BTreeMap<String, String>,
}

impl Table {
    fn resolve(&self, name: &str) -> Option<&Arc<Collection>> {
        // Aliases first: an alias renamed onto a collection's name shadows it, in Qdrant too.
        let concrete = self.aliases.get(name).map_or(name, String::as_str);
        self.collections.get(concrete)
    }
}

impl Store {
    /// A store that vanishes with the process, or one in a folder that may hold an earlier run's collections.
    pub fn open(folder: Option<&Path>) -> EngineResult<Self> {
        let (root, temporary) = match folder {
            Some(folder) => (folder.to_owned(), None),
            None => {
                let temporary = TempDir::with_prefix("pointsman-sandbox-")?;
                (temporary.path().to_owned(), Some(temporary))
            }
        };
        fs::create_dir_all(root.join(COLLECTIONS_DIR))?;
        fs::create_dir_all(root.join(SNAPSHOTS_DIR))?;
        let table = load_table(&root)?;
        Ok(Self { root, table: RwLock::new(table), making: Mutex::new(()), _temporary: temporary })
    }

    /// A collection by its own name or an alias.
    pub fn collection(&self, name: &str) -> EngineResult<Arc<Collection>> {
        self.table.read().resolve(name).cloned().ok_or_else(|| EngineError::no_collection(name))
    }

    /// The concrete name behind a name, if there is a collection.
    pub fn resolve(&self, name: &str) -> Option<String> {
        let table = self.table.read();
        table.resolve(name).map(|found| found.name().to_owned())
    }

    /// Concrete names, in order.
    pub fn list(&self) -> Vec<String> {
        self.table.read().collections.keys().cloned().collect()
    }

    /// `GET /collections/{name}`.
    pub fn info(&self, name: &str) -> EngineResult<CollectionInfo> {
        Ok(self.collection(name)?.info())
    }

    /// `PUT /collections/{name}`.
    pub fn create_collection(&self, name: &str, request: CreateCollection) -> EngineResult<bool> {
        names::check_new("path parameters", name)?;
        let config = CollectionConfig::create(request)?;
        let _making = self.making.lock();
        self.check_free(name)?;
        let collection = Collection::create(name, self.new_folder(), config)?;
        self.install(collection);
        Ok(true)
    }

    fn check_free(&self, name: &str) -> EngineResult<()> {
        let table = self.table.read();
        if table.collections.contains_key(name) {
            return Err(EngineError::already_exists(name));
        }
        if table.aliases.contains_key(name) {
            return Err(EngineError::bad_input(format_args!(
                "Can't create collection with name {name}. Alias with the same name already exists"
            )));
        }
        Ok(())
    }

    /// Puts a collection in place, over an older one of the same name; only `create_collection` and recovery may.
    pub(super) fn install(&self, collection: Collection) {
        let name = collection.name().to_owned();
        let replaced = self.table.write().collections.insert(name, Arc::new(collection));
        if let Some(old) = replaced {
            old.doom();
        }
    }

    /// Keeps others from making collections while a recovery does.
    pub(super) fn making(&self) -> parking_lot::MutexGuard<'_, ()> {
        self.making.lock()
    }

    /// A folder for a collection that is to come.
    pub(super) fn new_folder(&self) -> PathBuf {
        self.root.join(COLLECTIONS_DIR).join(Ulid::generate().to_string())
    }

    /// The folder snapshots live in.
    pub(super) fn snapshots_folder(&self) -> PathBuf {
        self.root.join(SNAPSHOTS_DIR)
    }

    /// `PATCH /collections/{name}`.
    pub fn update_collection(&self, name: &str, request: UpdateCollection) -> EngineResult<bool> {
        let collection = self.collection(name)?;
        collection.update(request)?;
        optimize_aside(collection)?;
        Ok(true)
    }

    /// `DELETE /collections/{name}`: a concrete name only, and its aliases go with it.
    pub fn delete_collection(&self, name: &str) -> EngineResult<bool> {
        let removed = {
            let mut table = self.table.write();
            // Aliases of the name go even when there is no such collection; the order is Qdrant's.
            table.aliases.retain(|_, target| target.as_str() != name);
            self.save_aliases(&table.aliases)?;
            table.collections.remove(name)
        };
        if let Some(collection) = &removed {
            collection.doom();
        }
        Ok(removed.is_some())
    }

    /// `GET /aliases`.
    pub fn aliases(&self) -> Vec<AliasDescription> {
        self.describe_aliases(|_| true)
    }

    /// `GET /collections/{name}/aliases`: the name is compared literally.
    pub fn collection_aliases(&self, name: &str) -> Vec<AliasDescription> {
        self.describe_aliases(|target| target == name)
    }

    fn describe_aliases(&self, wanted: impl Fn(&str) -> bool) -> Vec<AliasDescription> {
        let table = self.table.read();
        table
            .aliases
            .iter()
            .filter(|(_, target)| wanted(target))
            .map(|(alias, target)| AliasDescription { alias_name: alias.clone(), collection_name: target.clone() })
            .collect()
    }

    /// `POST /collections/aliases`: in order, under one lock, and what was done stays done when a later action fails.
    pub fn change_aliases(&self, actions: Vec<AliasAction>) -> EngineResult<bool> {
        let mut table = self.table.write();
        for action in actions {
            table.change_alias(action)?;
            self.save_aliases(&table.aliases)?;
        }
        Ok(true)
    }

    fn save_aliases(&self, aliases: &BTreeMap<String, String>) -> EngineResult<()> {
        if self._temporary.is_some() {
            return Ok(());
        }
        let text = serde_json::to_vec_pretty(aliases).map_err(EngineError::service)?;
        fs::write(self.root.join(ALIASES_FILE), text)?;
        Ok(())
    }
}

/// As in Qdrant, a change of any kind has the optimizer look again. It is waited for a moment, so that a small
/// collection is green when its change is answered; a large one goes on by itself and is yellow meanwhile.
fn optimize_aside(collection: Arc<Collection>) -> EngineResult<()> {
    let (done, finished) = mpsc::channel::<()>();
    std::thread::Builder::new().name("optimizer".to_owned()).spawn(move || {
        collection.optimize();
        drop(collection);
        drop(done);
    })?;
    match finished.recv_timeout(OPTIMIZER_PATIENCE) {
        Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected | mpsc::RecvTimeoutError::Timeout) => {}
    }
    Ok(())
}

impl Table {
    fn change_alias(&mut self, action: AliasAction) -> EngineResult<()> {
        match action {
            AliasAction::CreateAlias { collection_name, alias_name } => {
                if !self.collections.contains_key(&collection_name) {
                    return Err(EngineError::no_collection(&collection_name));
                }
                if self.collections.contains_key(&alias_name) {
                    return Err(EngineError::already_exists(&alias_name));
                }
                self.aliases.insert(alias_name, collection_name);
            }
            AliasAction::DeleteAlias { alias_name } => {
                self.aliases.remove(&alias_name);
            }
            AliasAction::RenameAlias { old_alias_name, new_alias_name } => {
                let target = self
                    .aliases
                    .remove(&old_alias_name)
                    .ok_or_else(|| EngineError::not_found(format_args!("Alias {old_alias_name} does not exists!")))?;
                self.aliases.insert(new_alias_name, target);
            }
        }
        Ok(())
    }
}

fn load_table(root: &Path) -> EngineResult<Table> {
    let mut table = Table::default();
    for entry in fs::read_dir(root.join(COLLECTIONS_DIR))? {
        let path = entry?.path();
        if !path.join(CONFIG_FILE).exists() {
            tracing::warn!(folder = %path.display(), "not a collection, left alone");
            continue;
        }
        let record = Collection::read_record(&path)?;
        let collection = Collection::open(&record.name, path, record.config)?;
        table.collections.insert(record.name, Arc::new(collection));
    }
    let aliases = root.join(ALIASES_FILE);
    if aliases.exists() {
        table.aliases = serde_json::from_slice(&fs::read(&aliases)?)
            .map_err(|why| EngineError::service(format_args!("{}: {why}", aliases.display())))?;
    }
    Ok(table)
}
