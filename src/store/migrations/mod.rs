//! The schema, and how an older one becomes the present one.
//!
//! [`super::open`] calls it. A step, once released, is never edited: databases out there have taken it already.

use sqlx::{Any, AnyConnection, AssertSqlSafe, Connection, Executor, Transaction};

use super::dialect::Dialect;

/// In order; the number of steps taken is the version of the schema.
const STEPS: &[&str] = &[include_str!("0001_documents.sql")];

/// Any number, as long as all replicas of a database take the same.
const MIGRATION_LOCK: i64 = 0x706f_696e_7473;

#[derive(Debug, thiserror::Error)]
pub(super) enum MigrationFault {
    #[error("it has schema {found}")]
    Newer { found: i64 },
    #[error("it has schema {found}")]
    Older { found: i64 },
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// The schema this program writes.
pub(super) fn latest() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// Brings the schema to the latest version: all missing steps or none.
pub(super) async fn migrate(connection: &mut AnyConnection, dialect: Dialect) -> Result<(), MigrationFault> {
    let mut transaction = connection.begin().await?;
    if dialect == Dialect::Postgres {
        // Replicas that start together take turns; those who waited find nothing left to do.
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MIGRATION_LOCK).execute(&mut *transaction).await?;
    }
    transaction.execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)").await?;
    let found = taken(&mut transaction).await?;
    if found > latest() {
        return Err(MigrationFault::Newer { found });
    }
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or_default()) {
        transaction.execute(AssertSqlSafe(step.replace("{now_ms}", dialect.now_ms()))).await?;
    }
    if found < latest() {
        sqlx::query("DELETE FROM schema_version").execute(&mut *transaction).await?;
        sqlx::query("INSERT INTO schema_version (version) VALUES ($1)").bind(latest()).execute(&mut *transaction).await?;
    }
    Ok(transaction.commit().await?)
}

/// For those who only read and must not migrate.
pub(super) async fn check(connection: &mut AnyConnection) -> Result<(), MigrationFault> {
    let mut transaction = connection.begin().await?;
    match taken(&mut transaction).await? {
        found if found > latest() => Err(MigrationFault::Newer { found }),
        found if found < latest() => Err(MigrationFault::Older { found }),
        _ => Ok(()),
    }
}

async fn taken(transaction: &mut Transaction<'_, Any>) -> sqlx::Result<i64> {
    let found: Option<i64> = sqlx::query_scalar("SELECT version FROM schema_version").fetch_optional(&mut **transaction).await?;
    Ok(found.unwrap_or(0))
}
