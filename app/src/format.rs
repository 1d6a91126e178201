//! Numbers and states in words for people. Pure: the same text on the server and in the browser.

use sempre_protocol::confinement::{LimitInForce, LimitsInForce};
use sempre_protocol::texts::ExitStatus;

/// A duration in its two largest units: `8 s`, `42 min`, `2 h 10 min`, `3 d 4 h`.
pub fn duration(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let pair = |large: u64, unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {small_unit}"),
    };
    match seconds {
        0..=59 => format!("{seconds} s"),
        60..=3_599 => format!("{minutes} min"),
        3_600..=86_399 => pair(hours, "h", minutes % 60, "min"),
        _ => pair(days, "d", hours % 24, "h"),
    }
}

/// A number of bytes in binary units: `812 B`, `1.4 KiB`, `64 MiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    // Precision beyond 2^53 does not show in three digits.
    let mut value = count as f64 / 1024.0;
    let mut units = UNITS.iter();
    let mut unit = units.next().copied().unwrap_or_default();
    while value >= 1023.95 {
        let Some(next) = units.next() else { break };
        (value, unit) = (value / 1024.0, next);
    }
    if value < 9.95 {
        format!("{value:.1} {unit}")
    } else {
        format!("{value:.0} {unit}")
    }
}

/// A short time: `640 µs`, `1.4 ms`, `35 ms`, `2.1 s`.
pub fn microseconds(us: u64) -> String {
    // Precision beyond 2^53 does not show in three digits.
    let value = us as f64;
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..10_000 => format!("{:.1} ms", value / 1e3),
        10_000..1_000_000 => format!("{:.0} ms", value / 1e3),
        _ => format!("{:.1} s", value / 1e6),
    }
}

/// A number with its word, in the plural unless it is one: `1 viewer`, `2 viewers`.
pub fn count(number: u32, word: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {word}{plural}")
}

/// How a session ended: `exited with code 3`, `killed by SIGKILL (9)`, …
pub fn ending(status: Option<ExitStatus>, reason: &str) -> String {
    match (status, reason) {
        (Some(ExitStatus::Code(0)), _) => "exited normally".to_owned(),
        (Some(ExitStatus::Code(code)), _) => format!("exited with code {code}"),
        (Some(ExitStatus::Signal(number)), _) => match signal_name(number) {
            Some(name) => format!("killed by {name} ({number})"),
            None => format!("killed by signal {number}"),
        },
        (None, "orphaned") => "lost: its holder is gone, and the exit code with it".to_owned(),
        (None, _) => "ended, exit code unknown".to_owned(),
    }
}

/// Why a session ended, if it did not end by itself.
pub fn end_reason(reason: &str) -> Option<&'static str> {
    match reason {
        "ended" => Some("ended on request"),
        "ttl" => Some("its time to live was over"),
        "idle" => Some("it was idle for too long"),
        "shutdown" => Some("the service was shut down"),
        "orphaned" => Some("its holder was lost"),
        "imported" => Some("a recording from elsewhere"),
        "group_limit" => Some("its group had too many sessions"),
        _ => None,
    }
}

/// What happens to a session when nothing else does, for the words of `expires_by`: the name of the moment, and why.
pub fn expiry(word: &str) -> Option<(&'static str, &'static str)> {
    match word {
        "ttl" => Some(("Will be ended", "if nothing happens in it until then")),
        "idle" => Some(("Will be ended", "if it waits at its prompt until then")),
        "retention" => Some(("Output kept until", "then only a summary and the last screen are")),
        _ => None,
    }
}

/// The name of a Linux signal.
fn signal_name(number: i32) -> Option<&'static str> {
    const NAMES: [&str; 31] = [
        "SIGHUP",
        "SIGINT",
        "SIGQUIT",
        "SIGILL",
        "SIGTRAP",
        "SIGABRT",
        "SIGBUS",
        "SIGFPE",
        "SIGKILL",
        "SIGUSR1",
        "SIGSEGV",
        "SIGUSR2",
        "SIGPIPE",
        "SIGALRM",
        "SIGTERM",
        "SIGSTKFLT",
        "SIGCHLD",
        "SIGCONT",
        "SIGSTOP",
        "SIGTSTP",
        "SIGTTIN",
        "SIGTTOU",
        "SIGURG",
        "SIGXCPU",
        "SIGXFSZ",
        "SIGVTALRM",
        "SIGPROF",
        "SIGWINCH",
        "SIGIO",
        "SIGPWR",
        "SIGSYS",
    ];
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    NAMES.get(index).copied()
}

/// A command line as one would type it: words with anything special in single quotes.
pub fn command_line(words: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    let quoted = words
        .iter()
        .map(|word| match word.chars().all(plain) && !word.is_empty() {
            true => word.clone(),
            false => format!("'{}'", word.replace('\'', r"'\''")),
        });
    quoted.collect::<Vec<_>>().join(" ")
}

/// An RFC 3339 time in UTC for people: `2026-11-20 21:31:05 UTC`. Anything else is left as it is.
pub fn utc(time: &str) -> String {
    let is_utc = time.ends_with('Z') || time.ends_with("+00:00");
    match (time.get(..10), time.get(10..11), time.get(11..19)) {
        (Some(date), Some("T"), Some(clock)) if is_utc => format!("{date} {clock} UTC"),
        _ => time.to_owned(),
    }
}

/// A path with the home directory of most systems shortened.
pub fn path(path: &str) -> String {
    let mut parts = path.splitn(4, '/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(""), Some("home"), Some(user), rest) if !user.is_empty() => match rest {
            Some(rest) => format!("~{user}/{rest}"),
            None => format!("~{user}"),
        },
        _ => path.to_owned(),
    }
}

/// A number with its thousands apart: `150 000`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Whether this address may be followed when a program gave it: http and https only.
pub fn is_web_link(address: &str) -> bool {
    let scheme = address.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
}

/// The title of the browser's window on a page called `title`; none on the start page.
///
/// The server's half is markup: it is written into the page's head as it is, and what a session is called comes from
/// programs. The browser's half is text.
pub fn window_title(title: &str) -> String {
    let title = match title {
        "" => "Sempre".to_owned(),
        title => format!("{title} · Sempre"),
    };
    if cfg!(feature = "ssr") {
        let escaped = title.replace('&', "&amp;").replace('<', "&lt;");
        return escaped.replace('>', "&gt;");
    }
    title
}

/// What a session is limited to, and by what; none: nothing.
pub fn limits(limits: &LimitsInForce) -> Option<String> {
    let by = |words: String, limit: LimitInForce| format!("{words} ({})", limit.mechanism.word());
    let told = |limit: Option<LimitInForce>, words: fn(u64) -> String| {
        limit.map(|limit| by(words(limit.value), limit))
    };
    let all = [
        told(limits.memory_max_bytes, |value| {
            format!("{} of memory", bytes(value))
        }),
        told(limits.cpu_max_percent, |value| {
            format!("{value} % of a processor")
        }),
        told(limits.cpu_time_max_s, |value| {
            format!("{} of processor time a process", duration(value))
        }),
        told(limits.processes_max, |value| {
            format!("{} processes", thousands(value))
        }),
    ];
    let all: Vec<_> = all.into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expiry_the_server_knows_has_words() {
        for word in ["ttl", "idle", "retention"] {
            let (name, why) = expiry(word).unwrap();
            assert!(!name.is_empty() && !why.is_empty());
        }
        assert_eq!(expiry("moon"), None, "a later server's word is left out");
        assert_eq!(end_reason("group_limit"), Some("its group had too many sessions"));
    }

    #[test]
    fn short_times_have_a_unit_that_fits() {
        let cases = [
            (640, "640 µs"),
            (1_400, "1.4 ms"),
            (35_000, "35 ms"),
            (2_100_000, "2.1 s"),
        ];
        for (us, words) in cases {
            assert_eq!(microseconds(us), words);
        }
    }

    #[test]
    fn durations_show_their_two_largest_units() {
        let cases = [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_599, "59 min"),
            (3_600, "1 h"),
            (7_800, "2 h 10 min"),
            (86_400, "1 d"),
            (273_600, "3 d 4 h"),
        ];
        for (seconds, words) in cases {
            assert_eq!(duration(seconds), words);
        }
    }

    #[test]
    fn bytes_are_short_and_never_1024_of_a_unit() {
        let cases = [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1.0 KiB"),
            (1_434, "1.4 KiB"),
            (1_048_575, "1.0 MiB"),
            (67_108_864, "64 MiB"),
            (u64::MAX, "16384 PiB"),
        ];
        for (count, words) in cases {
            assert_eq!(bytes(count), words);
        }
    }

    #[test]
    fn endings_are_told_in_words() {
        assert_eq!(ending(Some(ExitStatus::Code(0)), "exited"), "exited normally");
        assert_eq!(ending(Some(ExitStatus::Code(3)), "exited"), "exited with code 3");
        assert_eq!(
            ending(Some(ExitStatus::Signal(9)), "ended"),
            "killed by SIGKILL (9)"
        );
        assert_eq!(
            ending(Some(ExitStatus::Signal(40)), "exited"),
            "killed by signal 40"
        );
        assert!(ending(None, "orphaned").contains("holder"));
        assert_eq!(count(1, "viewer"), "1 viewer");
        assert_eq!(count(2, "viewer"), "2 viewers");
    }

    #[test]
    fn command_lines_can_be_typed_again() {
        let words = ["sh", "-c", "echo 'hi' $HOME", ""].map(str::to_owned);
        assert_eq!(command_line(&words), r"sh -c 'echo '\''hi'\'' $HOME' ''");
    }

    #[test]
    fn times_and_paths_are_shortened_only_when_understood() {
        assert_eq!(utc("2026-11-20T21:31:05.123Z"), "2026-11-20 21:31:05 UTC");
        assert_eq!(utc("yesterday"), "yesterday");
        assert_eq!(utc("2026-11-20T21:31:05+02:00"), "2026-11-20T21:31:05+02:00");
        assert_eq!(path("/home/ada/src/x"), "~ada/src/x");
        assert_eq!(path("/srv/www"), "/srv/www");
    }

    #[test]
    fn t11_limits_are_told_with_what_holds_them() {
        use sempre_protocol::confinement::LimitMechanism;
        let by = |value, mechanism| Some(LimitInForce { value, mechanism });
        let some = LimitsInForce {
            memory_max_bytes: by(1 << 29, LimitMechanism::CgroupV2),
            cpu_time_max_s: by(5, LimitMechanism::Rlimit),
            ..LimitsInForce::default()
        };
        assert_eq!(
            limits(&some).unwrap(),
            "512 MiB of memory (cgroup v2), 5 s of processor time a process (rlimit)"
        );
        assert_eq!(limits(&LimitsInForce::default()), None);
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(150_000).replace('\u{202f}', " "), "150 000");
        assert_eq!(thousands(12_345_678).replace('\u{202f}', " "), "12 345 678");
    }

    #[test]
    #[cfg(feature = "ssr")]
    fn a_title_cannot_leave_its_element() {
        assert_eq!(window_title(""), "Sempre");
        assert_eq!(
            window_title("a & </title><script>"),
            "a &amp; &lt;/title&gt;&lt;script&gt; · Sempre"
        );
    }
}
