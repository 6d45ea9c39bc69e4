//! Log lines on standard error, as the section `log` of the configuration wants them. Set up by `cli`; the admin API
//! changes the level through the [`LogHandle`].

use std::io::IsTerminal;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use crate::config::{LogConfig, LogFilter, LogFilterFault, LogFormat};

/// Changes what is logged while the process runs.
#[derive(Clone, Debug)]
pub struct LogHandle(reload::Handle<EnvFilter, Registry>);

/// Why the logging is not as asked for.
#[derive(Debug, thiserror::Error)]
pub enum LogFault {
    #[error("the log filter {0}")]
    Filter(#[from] LogFilterFault),
    #[error("logging is set up already: {0}")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
    #[error("logging has ended: {0}")]
    Ended(#[from] reload::Error),
}

impl LogHandle {
    /// Logs by `filter` from now on.
    ///
    /// # Errors
    /// When the filter is malformed; then the one in force stays.
    pub fn set(&self, filter: &str) -> Result<(), LogFault> {
        let filter: LogFilter = filter.parse()?;
        Ok(self.0.reload(directives(&filter)?)?)
    }

    /// The filter in force.
    ///
    /// # Errors
    /// When logging has ended.
    pub fn current(&self) -> Result<String, LogFault> {
        Ok(self.0.with_current(ToString::to_string)?)
    }
}

/// Starts logging for the whole process.
///
/// # Errors
/// When it has been started already.
pub fn init(config: &LogConfig) -> Result<LogHandle, LogFault> {
    let (subscriber, handle) = subscriber(config, std::io::stderr)?;
    subscriber.try_init()?;
    Ok(handle)
}

fn subscriber<W>(config: &LogConfig, writer: W) -> Result<(impl tracing::Subscriber + Send + Sync, LogHandle), LogFault>
where
    W: for<'a> fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    let (filter, handle) = reload::Layer::new(directives(&config.level)?);
    let lines = match config.format {
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(writer).boxed(),
        LogFormat::Text => fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(writer).boxed(),
    };
    Ok((tracing_subscriber::registry().with(filter).with(lines), LogHandle(handle)))
}

fn directives(filter: &LogFilter) -> Result<EnvFilter, LogFilterFault> {
    EnvFilter::try_new(filter.as_str()).map_err(|error| LogFilterFault::Malformed(filter.to_string(), error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    /// Keeps what was written.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Lines {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().clone()).expect("log lines are text")
        }
    }

    fn started(config: &LogConfig) -> (impl tracing::Subscriber + Send + Sync, LogHandle, Lines) {
        let lines = Lines::default();
        let writer = lines.clone();
        let (subscriber, handle) = subscriber(config, move || writer.clone()).expect("a legal filter");
        (subscriber, handle, lines)
    }

    #[test]
    fn the_level_changes_while_the_process_runs() {
        let (subscriber, handle, lines) = started(&LogConfig::default());
        tracing::subscriber::with_default(subscriber, || {
            tracing::debug!(target: "here", "before");
            handle.set("warn,here=debug").expect("a legal filter");
            tracing::debug!(target: "here", "after");
            tracing::info!(target: "elsewhere", "from another component");
        });
        assert!(!lines.text().contains("before"), "{}", lines.text());
        assert!(lines.text().contains("after"), "{}", lines.text());
        assert!(!lines.text().contains("another component"), "{}", lines.text());
        // The subscriber is gone with the closure.
        assert!(matches!(handle.set("info"), Err(LogFault::Ended(_))));
    }

    #[test]
    fn a_malformed_filter_changes_nothing() {
        let (subscriber, handle, _lines) = started(&LogConfig::default());
        tracing::subscriber::with_default(subscriber, || {
            let fault = handle.set("inof").expect_err("not a level");
            assert!(fault.to_string().contains("`inof` is no level"), "{fault}");
            assert_eq!(handle.current().expect("logging goes on"), "info");
        });
    }

    #[test]
    fn json_lines_are_json() {
        let (subscriber, _handle, lines) = started(&LogConfig { format: LogFormat::Json, ..LogConfig::default() });
        tracing::subscriber::with_default(subscriber, || tracing::info!(revision = 7, "table replaced"));
        let line: serde_json::Value = serde_json::from_str(&lines.text()).expect("one JSON object");
        assert_eq!((&line["message"], &line["revision"]), (&"table replaced".into(), &7.into()));
    }
}
