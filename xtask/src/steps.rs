//! The steps of a task: a title before each, the time after it, and a table of all at the end.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// What has been done so far, and how long it took.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<(&'static str, Duration)>,
}

impl Steps {
    /// Does a step. Its error says which step failed.
    pub(crate) fn step<T>(
        &mut self,
        title: &'static str,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        eprintln!("\n=== {title}");
        let start = Instant::now();
        let result = work();
        let took = start.elapsed();
        match result {
            Ok(value) => {
                eprintln!("=== {title}: done in {}", duration(took));
                self.done.push((title, took));
                Ok(value)
            }
            Err(error) => {
                Err(error).with_context(|| format!("{title} failed after {}", duration(took)))
            }
        }
    }

    /// The table of all steps.
    pub(crate) fn table(&self) -> String {
        let total = self.done.iter().map(|(_, took)| *took).sum();
        let rows = self.done.iter().copied().chain([("all", total)]);
        rows.map(|(title, took)| format!("  {:>12}  {title}\n", duration(took)))
            .collect()
    }
}

/// A time for people: `0.3 s`, `42 s`, `7 min 5 s`.
pub(crate) fn duration(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_for_people() {
        assert_eq!(duration(Duration::from_millis(340)), "0.3 s");
        assert_eq!(duration(Duration::from_secs(42)), "42 s");
        assert_eq!(duration(Duration::from_secs(425)), "7 min 5 s");
    }

    #[test]
    fn failed_step_is_named() {
        let mut steps = Steps::default();
        let error = steps
            .step("format", || -> Result<()> {
                anyhow::bail!("two files differ")
            })
            .unwrap_err();
        let error = format!("{error:#}");
        assert!(
            error.starts_with("format failed after") && error.ends_with("two files differ"),
            "{error}"
        );
    }

    #[test]
    fn table_holds_each_step_and_the_sum() {
        let steps = Steps {
            done: vec![
                ("format", Duration::from_secs(12)),
                ("tests", Duration::from_secs(60)),
            ],
        };
        assert_eq!(
            steps.table(),
            "          12 s  format\n     1 min 0 s  tests\n    1 min 12 s  all\n"
        );
    }
}
