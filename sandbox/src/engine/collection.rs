//! One collection: an engine shard with the configuration Qdrant would report.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use qdrant_edge::{EdgeShard, UpdateOperation};
use serde::{Deserialize, Serialize};

use super::error::{EngineError, EngineResult};
use super::schema::{CollectionConfig, CollectionInfo, CollectionStatus, OptimizersStatus, UpdateCollection, UpdateQueueInfo};

/// The file beside the shard that makes its folder a collection.
pub(super) const CONFIG_FILE: &str = "collection.json";
/// The shard's folder.
pub(super) const SHARD_DIR: &str = "shard";

/// What `CONFIG_FILE` holds.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CollectionRecord {
    /// The name; folders are named by chance, because a name may be any text.
    pub name: String,
    /// The configuration.
    pub config: CollectionConfig,
}

/// A collection that can be read and written.
pub struct Collection {
    /// Dropped first: dropping flushes, and the folder must still be there.
    shard: EdgeShard,
    folder: Folder,
    name: String,
    config: RwLock<CollectionConfig>,
    operations: AtomicU64,
    /// Writers share it, a flush has it alone: the engine's flush panics when it finds a lock taken.
    flushing: RwLock<()>,
    /// One optimisation at a time.
    optimizing: Mutex<()>,
    /// Why the last optimisation failed.
    failure: Mutex<Option<String>>,
}

/// The folder of a collection; goes with it once the collection is deleted.
struct Folder {
    path: PathBuf,
    doomed: AtomicBool,
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.doomed.load(Ordering::Acquire)
            && let Err(why) = fs::remove_dir_all(&self.path)
        {
            tracing::warn!(folder = %self.path.display(), %why, "a deleted collection left files behind");
        }
    }
}

impl Collection {
    /// Makes an empty collection in a folder that is not there yet.
    pub fn create(name: &str, path: PathBuf, config: CollectionConfig) -> EngineResult<Self> {
        let shard_path = path.join(SHARD_DIR);
        fs::create_dir_all(&shard_path)?;
        let shard = EdgeShard::new(&shard_path, config.to_edge()?)?;
        let collection = Self::assemble(name, path, config, shard);
        collection.save()?;
        Ok(collection)
    }

    /// Opens what an earlier run or a snapshot left in a folder.
    pub fn open(name: &str, path: PathBuf, config: CollectionConfig) -> EngineResult<Self> {
        let shard = EdgeShard::load(&path.join(SHARD_DIR), Some(config.to_edge()?))?;
        let collection = Self::assemble(name, path, config, shard);
        collection.save()?;
        Ok(collection)
    }

    fn assemble(name: &str, path: PathBuf, config: CollectionConfig, shard: EdgeShard) -> Self {
        Self {
            shard,
            folder: Folder { path, doomed: AtomicBool::new(false) },
            name: name.to_owned(),
            config: RwLock::new(config),
            operations: AtomicU64::new(0),
            flushing: RwLock::new(()),
            optimizing: Mutex::new(()),
            failure: Mutex::new(None),
        }
    }

    /// Reads the record beside a shard.
    pub fn read_record(path: &Path) -> EngineResult<CollectionRecord> {
        let text = fs::read(path.join(CONFIG_FILE))?;
        serde_json::from_slice(&text).map_err(|why| EngineError::service(format_args!("{}: {why}", path.join(CONFIG_FILE).display())))
    }

    fn save(&self) -> EngineResult<()> {
        let record = CollectionRecord { name: self.name.clone(), config: self.config.read().clone() };
        let text = serde_json::to_vec_pretty(&record).map_err(EngineError::service)?;
        fs::write(self.folder.path.join(CONFIG_FILE), text)?;
        Ok(())
    }

    /// The concrete name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The engine's shard, for reading.
    pub fn shard(&self) -> &EdgeShard {
        &self.shard
    }

    /// The folder, for snapshots.
    pub fn path(&self) -> &Path {
        &self.folder.path
    }

    /// The current configuration.
    pub fn config(&self) -> CollectionConfig {
        self.config.read().clone()
    }

    /// Removes the files as soon as the last request is done with them.
    pub fn doom(&self) {
        self.folder.doomed.store(true, Ordering::Release);
    }

    /// Applies one engine operation and returns its number.
    pub fn apply(&self, operation: UpdateOperation) -> EngineResult<u64> {
        let _writing = self.flushing.read();
        self.shard.update(operation)?;
        Ok(self.operations.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Runs `copy` on files that nobody writes meanwhile.
    pub fn frozen<T>(&self, copy: impl FnOnce(&Path) -> EngineResult<T>) -> EngineResult<T> {
        let _optimizing = self.optimizing.lock();
        let _alone = self.flushing.write();
        self.shard.flush();
        copy(&self.folder.path)
    }

    /// Builds the indexes that are due. A second call at the same time does nothing.
    pub(super) fn optimize(&self) {
        let Some(_optimizing) = self.optimizing.try_lock() else {
            return;
        };
        let outcome = self.shard.optimize();
        *self.failure.lock() = outcome.err().map(|why| why.to_string());
    }

    /// Changes the configuration, as `PATCH` does.
    pub fn update(&self, request: UpdateCollection) -> EngineResult<()> {
        let mut current = self.config.write();
        let next = current.updated(request)?;
        let edge = next.to_edge()?;
        self.shard.set_hnsw_config(edge.hnsw_config)?;
        self.shard.set_optimizers_config(edge.optimizers)?;
        for (name, params) in edge.vectors {
            if let Some(hnsw) = params.hnsw_config {
                self.shard.set_vector_hnsw_config(&name, hnsw)?;
            }
        }
        *current = next;
        drop(current);
        self.save()
    }

    /// Changes the configuration after the engine itself has changed, as when a vector comes or goes.
    pub fn edit_config(&self, edit: impl FnOnce(&mut CollectionConfig)) -> EngineResult<()> {
        edit(&mut self.config.write());
        self.save()
    }

    /// `GET /collections/{name}`, before faults have their say.
    pub fn info(&self) -> CollectionInfo {
        let info = self.shard.info();
        let failure = self.failure.lock().clone();
        let status = match &failure {
            Some(_) => CollectionStatus::Red,
            None if self.optimizing.is_locked() => CollectionStatus::Yellow,
            None => CollectionStatus::Green,
        };
        CollectionInfo {
            status,
            optimizer_status: failure.map_or(OptimizersStatus::Ok, OptimizersStatus::Error),
            indexed_vectors_count: Some(info.indexed_vectors_count),
            points_count: Some(info.points_count),
            segments_count: info.segments_count,
            config: self.config(),
            payload_schema: info.payload_schema,
            update_queue: Some(UpdateQueueInfo::default()),
        }
    }
}
