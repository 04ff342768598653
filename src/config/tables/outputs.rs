//! The keys of LEDs, relays, inputs and arming.

use super::{DAY, Effect, Field, Key, SEVERITY, severity, text};
use crate::config::outputs::{
    Action, AlarmType, Arming, Bias, Driver, Input, Led, Line, Outputs, Pattern, Patterns, Relay, Shows,
};
use crate::config::week::{SPAN, Span};

/// Most of each kind: more lines than any board here has.
pub const MOST_LEDS: usize = 32;
pub const MOST_RELAYS: usize = 16;
pub const MOST_INPUTS: usize = 16;
/// Most names in one list.
const MOST_NAMES: usize = 32;
const MOST_SPANS: usize = 32;

const LINE: &str = "names of lines such as \"GPIO17\", and numbers on a chip such as \"gpiochip0:17\" or \
                    \"pinctrl-bcm2711:17\"";
const DRIVER: &str = "\"auto\" (rppal on a Raspberry Pi, gpiochip elsewhere), \"rppal\", \"gpiochip\", \"none\" (nothing \
                      moves, what would is shown)";
const SHOWS: &str = "\"status\" (whether all is well), \"motion\", \"alert\", \"armed\"";
const PATTERN: &str = "\"on\", \"off\", and milliseconds on, off, on, off and so on, each 20 to 60000, which are repeated: \"500 500\"";
const BIAS: &str = "\"as-is\", \"pull-up\", \"pull-down\", \"disabled\"";
const ACTION: &str = "\"report\" (it is shown, and nothing else), \"arm\" (active arms, inactive disarms), \"silence\" (each press \
                      silences), \"alarm\" (while active it is an alarm)";
const CAMERAS: &str = "lists of cameras' names";
const ZONES: &str = "lists of zones' names";
const INPUTS: &str = "lists of inputs' names";
const TYPES: &str = "lists of \"zone\" (motion in an alert zone), \"sudden_motion\", \"unusual_activity\", \"loitering\", \
                     \"rapid_movement\", \"unusual_size\", \"unusual_time\", \"crowd\", \"unusual_appearance\", \
                     \"camera_tampering\"";

fn alarm_type(text: &str) -> Result<(), String> {
    if AlarmType::all().any(|kind| kind.name() == text) {
        Ok(())
    } else {
        Err(format!("allowed are {TYPES}"))
    }
}

fn span(text: &str) -> Result<(), String> {
    Span::parse(text).map(|_| ())
}

/// `[outputs]`
pub static OUTPUTS: &[Key<Outputs>] = &[Key {
    name: "driver",
    effect: Effect::Restart,
    required: false,
    unit: "",
    about: "Who moves the lines.",
    field: Field::Text {
        allowed: DRIVER,
        get: |outputs| outputs.driver.name().into(),
        set: |outputs, text| {
            outputs.driver = Driver::parse(text).ok_or_else(|| format!("allowed are {DRIVER}"))?;
            Ok(())
        },
    },
}];

/// `[arming]`
pub static ARMING: &[Key<Arming>] = &[
    Key {
        name: "schedule",
        effect: Effect::AtOnce,
        required: false,
        unit: "",
        about: "When it is armed, unless somebody arms or disarms by hand; empty: always. Disarmed, no relay closes. Until the \
                clock is set, a schedule arms nothing.",
        field: Field::Texts {
            allowed: SPAN,
            most: MOST_SPANS,
            check: span,
            get: |arming| &arming.schedule,
            set: |arming, spans| arming.schedule = spans,
        },
    },
    Key {
        name: "time_zone",
        effect: Effect::AtOnce,
        required: false,
        unit: "",
        about: "The schedule's time zone; empty: the machine's.",
        field: Field::Text {
            allowed: TIME_ZONE,
            get: |arming| arming.time_zone.clone(),
            set: |arming, text| {
                if !["", "UTC"].contains(&text) && jiff::tz::TimeZone::get(text).is_err() {
                    return Err(format!("this machine doesn't know it; allowed are {TIME_ZONE}"));
                }
                arming.time_zone = text.into();
                Ok(())
            },
        },
    },
    Key {
        name: "silence_seconds",
        effect: Effect::AtOnce,
        required: false,
        unit: "seconds",
        about: "So long it is silent when somebody silences without saying how long: relays open and stay open, and LEDs \
                for alerts show `silenced`.",
        field: Field::Number {
            from: 1.0,
            to: DAY,
            zero: None,
            get: |arming| arming.silence_seconds,
            set: |arming, number| arming.silence_seconds = number,
        },
    },
];

const TIME_ZONE: &str = "names such as \"Europe/Berlin\", and \"\"";

/// The key of what an LED, relay or input is called.
macro_rules! name {
    ($about:literal) => {
        Key {
            name: "name",
            effect: Effect::Restart,
            required: true,
            unit: "",
            about: $about,
            field: Field::Text {
                allowed: text::OUTPUT_NAME,
                get: |item| item.name.clone(),
                set: |item, text| {
                    text::output_name(text)?;
                    item.name = text.into();
                    Ok(())
                },
            },
        }
    };
}

/// The key of its line.
macro_rules! line {
    ($about:literal) => {
        Key {
            name: "line",
            effect: Effect::Restart,
            required: true,
            unit: "",
            about: $about,
            field: Field::Text {
                allowed: LINE,
                get: |item| item.line.to_string(),
                set: |item, text| {
                    item.line =
                        Line::parse(text).ok_or_else(|| format!("it names no line; allowed are {LINE}"))?;
                    Ok(())
                },
            },
        }
    };
}

/// The key of the level that counts.
macro_rules! active_low {
    ($about:literal) => {
        Key {
            name: "active_low",
            effect: Effect::Restart,
            required: false,
            unit: "",
            about: $about,
            field: Field::Switch {
                get: |item| item.active_low,
                set: |item, switch| item.active_low = switch,
            },
        }
    };
}

/// `[[led]]`
pub static LED: &[Key<Led>] = &[
    name!("Each LED and relay has its own."),
    line!("The GPIO line; `edge-cctv devices` lists the chips."),
    active_low!("It is lit while the line is low."),
    Key {
        name: "shows",
        effect: Effect::AtOnce,
        required: false,
        unit: "",
        about: "What it tells of.",
        field: Field::Text {
            allowed: SHOWS,
            get: |led| led.shows.name().into(),
            set: |led, text| {
                led.shows = Shows::parse(text).ok_or_else(|| format!("allowed are {SHOWS}"))?;
                Ok(())
            },
        },
    },
    Key {
        name: "cameras",
        effect: Effect::AtOnce,
        required: false,
        unit: "",
        about: "The cameras that it is for; empty: all.",
        field: Field::Texts {
            allowed: CAMERAS,
            most: MOST_NAMES,
            check: text::output_name,
            get: |led| &led.cameras,
            set: |led, cameras| led.cameras = cameras,
        },
    },
];

/// A pattern's key: its name, its field and when it is shown.
macro_rules! pattern {
    ($field:ident, $about:literal) => {
        Key {
            name: stringify!($field),
            effect: Effect::AtOnce,
            required: false,
            unit: "",
            about: $about,
            field: Field::Text {
                allowed: PATTERN,
                get: |patterns| patterns.$field.to_string(),
                set: |patterns, text| {
                    patterns.$field = Pattern::parse(text).ok_or_else(|| format!("allowed are {PATTERN}"))?;
                    Ok(())
                },
            },
        }
    };
}

/// `[led.patterns]`
pub static PATTERNS: &[Key<Patterns>] = &[
    pattern!(healthy, "Of an LED that shows `status`: all is well."),
    pattern!(learning, "Of `status`: a camera still learns what is normal."),
    pattern!(degraded, "Of `status`: a camera is lost, or a line or an input is missing."),
    pattern!(stopped, "Of `status`: all cameras are stopped."),
    pattern!(idle, "Of an LED that shows `motion`: nothing moves."),
    pattern!(motion, "Of `motion`: something moves."),
    pattern!(calm, "Of an LED that shows `alert`: there is none."),
    pattern!(low, "Of `alert`: one of low severity."),
    pattern!(medium, "Of `alert`: one of medium severity."),
    pattern!(high, "Of `alert`: one of high severity."),
    pattern!(critical, "Of `alert`: one of critical severity."),
    pattern!(silenced, "Of `alert`: there is one, and somebody has silenced it."),
    pattern!(armed, "Of an LED that shows `armed`: relays may close."),
    pattern!(disarmed, "Of `armed`: no relay closes."),
];

/// `[[relay]]`
pub static RELAY: &[Key<Relay>] = &[
    name!("Each LED and relay has its own."),
    line!(
        "The GPIO line. What the relay switches must be safe while it is open: that is how it is when the program \
                starts, stops or crashes. Give the line a resistor that keeps it so while nobody drives it."
    ),
    active_low!("It is closed while the line is low."),
    Key {
        name: "cameras",
        effect: Effect::AtOnce,
        required: false,
        unit: "",
        about: "The cameras whose ALERTs close it; empty: all.",
        field: Field::Texts {
            allowed: CAMERAS,
            most: MOST_NAMES,
            check: text::output_name,
            get: |relay| &relay.cameras,
            set: |relay, cameras| relay.cameras = cameras,
        },
    },
    Key {
        name: "min_severity",
        effect: Effect::AtOnce,
        required: false,
        unit: "",
        about: "An ALERT closes it that is at least so severe.",
        field: Field::Text {
            allowed: SEVERITY,
            get: |relay| relay.min_severity.name().into(),
            set: |relay, text| {
                relay.min_severity = severity(text)?;
                Ok(())
            },
        },
    },
    Key {
        name: "zones",
        effect: Effect::AtOnce,
        required: false,
        unit: "",
        about: "Only motion in these alert zones closes it; empty: in any, and anomalies wherever they are.",
        field: Field::Texts {
            allowed: ZONES,
            most: MOST_NAMES,
            check: text::zone_name,
            get: |relay| &relay.zones,
            set: |relay, zones| relay.zones = zones,
        },
    },
    Key {
        name: "types",
        effect: Effect::AtOnce,
        required: false,
        unit: "",
        about: "Only ALERTs of these types close it; empty: of any.",
        field: Field::Texts {
            allowed: TYPES,
            most: MOST_NAMES,
            check: alarm_type,
            get: |relay| &relay.types,
            set: |relay, types| relay.types = types,
        },
    },
    Key {
        name: "inputs",
        effect: Effect::AtOnce,
        required: false,
        unit: "",
        about: "Inputs with the action `alarm` that close it too; empty: none.",
        field: Field::Texts {
            allowed: INPUTS,
            most: MOST_NAMES,
            check: text::output_name,
            get: |relay| &relay.inputs,
            set: |relay, inputs| relay.inputs = inputs,
        },
    },
    Key {
        name: "hold_seconds",
        effect: Effect::AtOnce,
        required: false,
        unit: "seconds",
        about: "It stays closed so long after the last cause.",
        field: Field::Number {
            from: 0.1,
            to: 3600.0,
            zero: None,
            get: |relay| relay.hold_seconds,
            set: |relay, number| relay.hold_seconds = number,
        },
    },
    Key {
        name: "longest_on_seconds",
        effect: Effect::AtOnce,
        required: false,
        unit: "seconds",
        about: "It is never closed longer than this at a stretch, whatever goes on. At least `hold_seconds`.",
        field: Field::Number {
            from: 0.1,
            to: DAY,
            zero: None,
            get: |relay| relay.longest_on_seconds,
            set: |relay, number| relay.longest_on_seconds = number,
        },
    },
    Key {
        name: "pause_seconds",
        effect: Effect::AtOnce,
        required: false,
        unit: "seconds",
        about: "After a closing it stays open for at least so long. After a reboot the pause begins with the program's start.",
        field: Field::Number {
            from: 0.5,
            to: DAY,
            zero: None,
            get: |relay| relay.pause_seconds,
            set: |relay, number| relay.pause_seconds = number,
        },
    },
    Key {
        name: "while_learning",
        effect: Effect::AtOnce,
        required: false,
        unit: "",
        about: "It may close although the camera still learns what is normal.",
        field: Field::Switch {
            get: |relay| relay.while_learning,
            set: |relay, switch| relay.while_learning = switch,
        },
    },
];

/// `[[input]]`
pub static INPUT: &[Key<Input>] = &[
    name!("Each input has its own."),
    line!("The GPIO line."),
    active_low!("It is active while the line is low, as with a contact to ground and a pull-up."),
    Key {
        name: "bias",
        effect: Effect::Restart,
        required: false,
        unit: "",
        about: "The resistor that the board puts at the line. Not every chip has them.",
        field: Field::Text {
            allowed: BIAS,
            get: |input| input.bias.name().into(),
            set: |input, text| {
                input.bias = Bias::parse(text).ok_or_else(|| format!("allowed are {BIAS}"))?;
                Ok(())
            },
        },
    },
    Key {
        name: "debounce_ms",
        effect: Effect::AtOnce,
        required: false,
        unit: "milliseconds",
        about: "A level counts once it has lasted so long.",
        field: Field::Whole {
            from: 0,
            to: 10_000,
            get: |input| input.debounce_ms,
            set: |input, number| input.debounce_ms = number,
        },
    },
    Key {
        name: "action",
        effect: Effect::AtOnce,
        required: false,
        unit: "",
        about: "What it does. A motion sensor (PIR) and a tamper contact are alarms.",
        field: Field::Text {
            allowed: ACTION,
            get: |input| input.action.name().into(),
            set: |input, text| {
                input.action = Action::parse(text).ok_or_else(|| format!("allowed are {ACTION}"))?;
                Ok(())
            },
        },
    },
    Key {
        name: "severity",
        effect: Effect::AtOnce,
        required: false,
        unit: "",
        about: "How severe its alarm is.",
        field: Field::Text {
            allowed: SEVERITY,
            get: |input| input.severity.name().into(),
            set: |input, text| {
                input.severity = severity(text)?;
                Ok(())
            },
        },
    },
];
