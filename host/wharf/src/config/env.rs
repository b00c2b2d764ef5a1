//! The three things a configuration may take from outside its file: variables, files and the output of commands.
//!
//! Decides how the real process answers; everything else in `config` sees only the trait, so that tests name their
//! own variables and files and no test depends on the machine it runs on. This is the only file of the crate that
//! reads the environment or starts a process.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The most a file named by the configuration (or the configuration itself) may hold, in bytes. 1 MiB: about a
/// hundred times the largest configuration we expect, and small enough to refuse `/dev/zero` at once.
pub(crate) const MAX_FILE: usize = 1 << 20;

/// The most a command may print, in bytes. 64 KiB: a key is below 1 KiB, and a password store adds a few notes.
const MAX_OUTPUT: u64 = 64 << 10;

/// How long a command may take. 30 s: time for a person to unlock a password store, short enough that a start that
/// waits for nobody fails by itself.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// Where variables, files and command output come from.
///
/// Called only while a configuration is loaded: once per `${NAME}`, once per `${file:…}` and once per `command:`.
/// The methods may block; callers on an async runtime load on a blocking thread. An implementation must not log what
/// it returns, since any of it may be a secret.
pub trait Env {
    /// The value of an environment variable; `None` when it is not set or not valid Unicode.
    fn var(&self, name: &str) -> Option<String>;

    /// The content of a file.
    ///
    /// # Errors
    ///
    /// The reason the file cannot be read.
    fn read_file(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// What a shell command prints to standard output.
    ///
    /// # Errors
    ///
    /// Why it failed, as a text for a person; it must not hold what the command printed to standard output.
    fn run_command(&self, command: &str) -> Result<Vec<u8>, String>;
}

/// The environment of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnv;

impl Env for ProcessEnv {
    fn var(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn read_file(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        // One byte more than allowed: enough for the caller to see that the file is too large.
        std::fs::File::open(path)?
            .take(MAX_FILE as u64 + 1)
            .read_to_end(&mut content)?;
        Ok(content)
    }

    fn run_command(&self, command: &str) -> Result<Vec<u8>, String> {
        let mut child = shell(command)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("it could not be started: {error}"))?;
        let output = drain(child.stdout.take());
        let complaint = drain(child.stderr.take());

        let Ok(output) = output.recv_timeout(COMMAND_TIMEOUT) else {
            // The child may already be gone; either way it must not outlive this call.
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!(
                "it did not finish within {} seconds",
                COMMAND_TIMEOUT.as_secs()
            ));
        };
        let status = child
            .wait()
            .map_err(|error| format!("it could not be waited for: {error}"))?;
        if status.success() {
            return Ok(output);
        }
        let complaint = complaint.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
        let complaint = String::from_utf8_lossy(&complaint);
        let first: String = complaint.lines().next().unwrap_or_default().chars().take(200).collect();
        if first.is_empty() {
            Err(status.to_string())
        } else {
            Err(format!("{status}: {first}"))
        }
    }
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.arg("/C").arg(command);
    shell
}

#[cfg(not(windows))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command);
    shell
}

/// Reads a pipe on its own thread, so that a full pipe never blocks the child and a silent child never blocks us.
fn drain(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut content = Vec::new();
        if let Some(mut pipe) = pipe {
            // A read error ends the output early; the exit status then tells whether that matters.
            let _ = pipe.by_ref().take(MAX_OUTPUT).read_to_end(&mut content);
            let _ = io::copy(&mut pipe, &mut io::sink());
        }
        // The receiver is gone when the command timed out.
        let _ = sender.send(content);
    });
    receiver
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_command_answers_with_what_it_prints() {
        assert_eq!(ProcessEnv.run_command("printf secret"), Ok(b"secret".to_vec()));
    }

    #[test]
    fn a_failing_command_is_explained_by_its_complaint_and_never_by_its_output() {
        let error = ProcessEnv
            .run_command("echo sk-123; echo 'no such entry' >&2; exit 3")
            .unwrap_err();
        assert!(error.contains("no such entry"), "{error}");
        assert!(!error.contains("sk-123"), "{error}");
    }

    #[test]
    fn an_endless_file_is_read_only_up_to_the_limit() {
        let content = ProcessEnv.read_file(Path::new("/dev/zero")).unwrap();
        assert_eq!(content.len(), MAX_FILE + 1);
    }
}
