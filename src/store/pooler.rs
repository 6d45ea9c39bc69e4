//! A pooler between Pointsman and PostgreSQL that is not set up for it: known by its errors, and named, since those do not name it.

/// What PostgreSQL says of a prepared statement that another client of the pooler has made, or that this one made on a
/// connection it no longer has.
const CODES: [&str; 2] = ["42P05", "26000"];
/// What PgBouncer itself says of a start it does not forward.
const STARTUP: &str = "unsupported startup parameter";

const HINT: &str = "this is how a pooler in transaction mode (PgBouncer with pool_mode = transaction) shows; Pointsman keeps prepared \
                    statements and listens for notifications, so let store.url lead to PostgreSQL itself, or to a pool with pool_mode = session";

const STARTUP_HINT: &str = "this is how PgBouncer shows; write `ignore_startup_parameters = extra_float_digits` and `pool_mode = session` in its \
                            configuration (Pointsman keeps prepared statements and listens for notifications), or let store.url lead to \
                            PostgreSQL itself";

/// The error in words, with what it probably means.
pub(super) fn told(error: &sqlx::Error) -> String {
    let text = match error {
        // The library's own text says only that something was said to a database.
        sqlx::Error::Io(error) => error.to_string(),
        error => error.to_string(),
    };
    let code = error.as_database_error().and_then(|error| error.code().map(std::borrow::Cow::into_owned));
    if text.contains(STARTUP) {
        return format!("{text}; {STARTUP_HINT}");
    }
    let pooled = code.is_some_and(|code| CODES.contains(&code.as_str()));
    if pooled { format!("{text}; {HINT}") } else { text }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::error::Error;

    use sqlx::error::{DatabaseError, ErrorKind};

    use super::*;

    /// What a database answers with this code.
    #[derive(Debug, thiserror::Error)]
    #[error("the database says {0}")]
    struct Coded(&'static str);

    impl DatabaseError for Coded {
        fn message(&self) -> &str {
            "the database says so"
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(Cow::Borrowed(self.0))
        }

        fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    #[test]
    fn prepared_statements_that_are_not_where_they_were_are_explained() {
        for (code, pooled) in [("42P05", true), ("26000", true), ("40001", false)] {
            let said = told(&sqlx::Error::Database(Box::new(Coded(code))));
            assert!(said.contains(code) && said.contains("pool_mode") == pooled, "{said}");
        }
    }

    #[test]
    fn what_pgbouncer_refuses_is_explained_and_nothing_else_is() {
        let explained = told(&sqlx::Error::Protocol("unsupported startup parameter: extra_float_digits".to_owned()));
        assert!(explained.contains("ignore_startup_parameters = extra_float_digits"), "{explained}");
        let plain = told(&sqlx::Error::PoolClosed);
        assert!(!plain.contains("pool_mode"), "{plain}");
    }
}
