//! The thread that holds the lines: takes what is new, asks the controller, moves the lines, and says what they are.

use super::arming::Choice;
use super::control::{Controller, Moment, Moved, Settings};
use super::driver::Chosen;
use super::history::{Entry, Event};
use super::lines::{Input, Output};
use super::news::News;
use super::recorder::Recorder;
use super::relay::Change;
use super::report::{Kind, Report};
use super::{Command, Inbox, Shared, TestError, lock};
use crate::config::outputs::Bias;
use crate::service::boot;
use crate::service::clock::{SharedClock, rfc3339};
use crate::service::progress::Pulse;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Lines are read back, missing ones sought, and schedules looked at so often.
const TICK: Duration = Duration::from_secs(1);

/// Inputs are read so often.
const SAMPLE_PERIOD: Duration = Duration::from_millis(10);

/// No driver takes longer for all its lines together.
const DRIVER_PATIENCE: Duration = Duration::from_secs(10);

/// An LED or relay is tried out for so long, unless somebody says how long.
const LED_TEST: Duration = Duration::from_secs(3);
const RELAY_TEST: Duration = Duration::from_secs(1);

/// What tells somebody that it is done.
type Answer = Box<dyn FnOnce()>;

/// Owns the lines. Dropping it makes them safe.
pub(super) struct Worker {
    clock: SharedClock,
    pulse: Pulse,
    chosen: Chosen,
    controller: Controller,
    recorder: Recorder,
    /// LEDs, then relays.
    outputs: Vec<Output>,
    leds: usize,
    inputs: Vec<Input>,
    next_tick: Duration,
    next_sample: Duration,
    /// When an output changes by itself.
    deadline: Option<Duration>,
    /// Why it is armed or not, as it was logged last.
    told: String,
}

impl Worker {
    /// Takes every line, at its safe level.
    pub fn new(
        settings: Settings,
        chosen: Chosen,
        clock: SharedClock,
        pulse: Pulse,
        recorder: Recorder,
        choice: Choice,
    ) -> Self {
        pulse.promise(DRIVER_PATIENCE);
        let began = clock.wall();
        let leds = settings.leds.iter();
        let leds = leds.map(|led| Output::new(Kind::Led, &led.name, &led.line, led.active_low, began));
        let relays = settings.relays.iter();
        let relays =
            relays.map(|relay| Output::new(Kind::Relay, &relay.name, &relay.line, relay.active_low, began));
        let inputs = settings.inputs.iter().map(|input| Input::new(input, began));
        let (outputs, inputs) = (leds.chain(relays).collect(), inputs.collect());
        let now = clock.now();
        let (boot, uptime) = boot::now().unwrap_or_default();
        let past: Vec<_> = recorder.with_history(|history| {
            settings.relays.iter().map(|relay| history.past(&relay.name, &boot, uptime)).collect()
        });
        log::info!("GPIO lines are moved by {}: {}", chosen.name(), chosen.reason);
        let mut worker = Self {
            controller: Controller::new(settings, now, &past, choice),
            leds: 0,
            outputs,
            inputs,
            clock,
            pulse,
            chosen,
            recorder,
            next_tick: Duration::ZERO,
            next_sample: Duration::ZERO,
            deadline: None,
            told: String::new(),
        };
        worker.leds = worker.controller.settings().leds.len();
        worker.seek_lines();
        worker.finish_history();
        worker
    }

    /// Closings that a crash cut off ended before this start, at the latest.
    fn finish_history(&mut self) {
        for relay in self.recorder.with_history(|history| history.unfinished()) {
            let why = "the program was cut off; it ended before this time";
            let entry = self.entry(&relay, Event::Opened, why);
            self.recorder.entry(entry);
        }
    }

    /// Works until it is told to quit.
    pub fn run(&mut self, shared: &Shared) {
        loop {
            let until = self.next_wake();
            self.pulse.promise(until.saturating_sub(self.clock.now()) + DRIVER_PATIENCE);
            let (news, commands, settings, quit) = self.wait(shared, until);
            if quit {
                break;
            }
            let told = news.is_some() || settings.is_some() || !commands.is_empty();
            if let Some(settings) = settings {
                self.controller.configure(settings);
            }
            self.turn(told, &news.unwrap_or_else(|| self.controller.no_news()), commands, shared);
        }
        self.end("the program ends");
        self.publish(shared);
    }

    /// When there is something to do without news.
    fn next_wake(&mut self) -> Duration {
        let sample = (!self.inputs.is_empty()).then_some(self.next_sample);
        self.deadline = self.controller.deadline(self.clock.now());
        [Some(self.next_tick), sample, self.deadline].into_iter().flatten().min().unwrap_or(self.next_tick)
    }

    /// News are there only if somebody told some.
    fn wait(&self, shared: &Shared, until: Duration) -> (Option<News>, Vec<Command>, Option<Settings>, bool) {
        let mut inbox = lock(&shared.inbox);
        while !inbox.dirty {
            let left = until.saturating_sub(self.clock.now());
            if left.is_zero() {
                break;
            }
            let waited = shared.changed.wait_timeout(inbox, left);
            inbox = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let Inbox { news, commands, settings, dirty, quit } = &mut *inbox;
        let told = std::mem::take(dirty);
        (told.then(|| news.take()), std::mem::take(commands), settings.take(), *quit)
    }

    /// One turn: inputs, commands, decisions, lines.
    /// Without anything new there is nothing to do but to look at the inputs.
    fn turn(&mut self, told: bool, news: &News, commands: Vec<Command>, shared: &Shared) {
        let now = self.clock.now();
        let due = self.deadline.is_some_and(|deadline| now >= deadline);
        let ticks = now >= self.next_tick;
        if ticks {
            self.next_tick = now + TICK;
            self.seek_lines();
            self.read_back();
        }
        let choice = self.controller.arming.choice().clone();
        let mut changed = ticks || news.captured.is_some() || !news.alarms.is_empty() || !commands.is_empty();
        if !self.inputs.is_empty() && now >= self.next_sample {
            self.next_sample = now + SAMPLE_PERIOD;
            changed |= self.sample();
        }
        if !(told || due || changed) {
            return;
        }
        let (answers, mut moved) = self.obey(commands);
        let problem = self.problems().into_iter().next();
        let usable: Vec<bool> = self.outputs[self.leds..].iter().map(|relay| self.is_usable(relay)).collect();
        let moment = self.moment();
        let (moves, shown) = self.controller.step(&moment, news, &usable, problem.as_deref());
        moved.extend(moves);
        self.open_relays(&moved);
        changed |= self.light(&shown, news) || !moved.is_empty();
        self.close_relays(&moved, news);
        if choice != *self.controller.arming.choice() {
            self.recorder.choice(self.controller.arming.choice());
        }
        if changed {
            self.tell_standing(&moment);
            self.publish(shared);
        }
        for answer in answers {
            answer();
        }
    }

    /// Logs when it is armed or disarmed, by whomever.
    fn tell_standing(&mut self, moment: &Moment) {
        let standing = self.controller.arming.standing(moment);
        if self.told != standing.why() && !self.controller.settings().relays.is_empty() {
            self.told = standing.why().into();
            log::info!("relays: {}", self.told);
        }
    }

    /// Without a driver, what lines would do is shown.
    fn is_usable(&self, output: &Output) -> bool {
        output.held.line.is_some() || self.chosen.driver.is_none()
    }

    fn moment(&self) -> Moment {
        Moment { now: self.clock.now(), wall: self.clock.wall(), clock_set: self.clock.is_set() }
    }

    fn seek_lines(&mut self) {
        let Some(driver) = &self.chosen.driver else { return };
        let now = self.clock.now();
        let leds = self.leds;
        for (index, output) in self.outputs.iter_mut().enumerate() {
            let missed = output.held.problem.is_some();
            if output.held.seek(now, |request| driver.output(request)) {
                output.on = false;
                if index >= leds && missed {
                    self.controller.retake_relay(index - leds, now);
                }
            }
        }
        for (index, input) in self.inputs.iter_mut().enumerate() {
            let bias = self.controller.settings().inputs.get(index).map_or(Bias::AsIs, |input| input.bias);
            input.held.seek(now, |request| driver.input(request, bias));
        }
    }

    /// Asks each output's line what it is.
    fn read_back(&mut self) {
        for index in 0..self.outputs.len() {
            let Some(line) = &self.outputs[index].held.line else {
                self.outputs[index].read_back = None;
                continue;
            };
            match line.get() {
                Ok(level) => self.outputs[index].read_back = Some(level),
                Err(why) => self.lose(index, why),
            }
        }
    }

    /// An output's line is gone.
    fn lose(&mut self, index: usize, why: String) {
        let now = self.clock.now();
        let output = &mut self.outputs[index];
        output.held.miss(now, why);
        (output.on, output.read_back) = (false, None);
        if let Some(relay) = index.checked_sub(self.leds)
            && let Some(Moved { change: Change::Opened(why), .. }) = self.controller.lose_relay(relay, now)
        {
            self.record(relay, Event::Opened, &why);
        }
    }

    fn sample(&mut self) -> bool {
        let now = self.clock.now();
        let mut changed = false;
        for (index, input) in self.inputs.iter_mut().enumerate() {
            let level = input.held.line.as_ref().map(|line| line.get());
            let level = match level {
                Some(Err(why)) => {
                    input.held.miss(now, why);
                    None
                }
                Some(Ok(level)) => Some(level),
                None => None,
            };
            if self.controller.sample(index, now, level) {
                input.since = self.clock.wall();
                changed = true;
                let words = match self.controller.input(index) {
                    Some(true) => "active",
                    Some(false) => "inactive",
                    None => "unknown",
                };
                log::info!("{}: {words}", input.held.request.user);
            }
        }
        changed
    }

    /// Does what people ask for; gives back what to answer them afterwards.
    fn obey(&mut self, commands: Vec<Command>) -> (Vec<Answer>, Vec<Moved>) {
        let (mut answers, mut moved) = (Vec::<Answer>::new(), Vec::new());
        let now = self.clock.now();
        for command in commands {
            // Whoever asked may be gone: nothing is done about it.
            match command {
                Command::Arm { mode, by, done } => {
                    self.controller.arming.choose(mode, &by);
                    answers.push(Box::new(move || {
                        let _ = done.send(());
                    }));
                }
                Command::Silence { length, done } => {
                    let configured = self.controller.settings().arming.silence_seconds;
                    let length = length.unwrap_or(Duration::from_secs_f64(configured));
                    self.controller.arming.silence(now, length);
                    answers.push(Box::new(move || {
                        let _ = done.send(());
                    }));
                }
                Command::Test { output, length, by, done } => {
                    let result = self.test(&output, length, &by).map(|change| moved.extend(change));
                    answers.push(Box::new(move || {
                        let _ = done.send(result);
                    }));
                }
            }
        }
        (answers, moved)
    }

    fn test(&mut self, name: &str, length: Option<Duration>, by: &str) -> Result<Option<Moved>, TestError> {
        let now = self.clock.now();
        let index = self.outputs.iter().position(|output| output.name == name).ok_or(TestError::Unknown)?;
        if let Some(why) = &self.outputs[index].held.problem {
            return Err(TestError::Missing(why.clone()));
        }
        let Some(relay) = index.checked_sub(self.leds) else {
            self.controller.test_lamp(index, now, length.unwrap_or(LED_TEST));
            return Ok(None);
        };
        let left = self.controller.pause_left(relay, now);
        let tested = self.controller.test_relay(relay, now, length.unwrap_or(RELAY_TEST), by);
        tested.map(Some).map_err(|why| TestError::Pause(why, left))
    }

    fn open_relays(&mut self, moved: &[Moved]) {
        for Moved { relay, change } in moved {
            if let Change::Opened(why) = change {
                self.set_relay(*relay, false, why, None);
                self.record(*relay, Event::Opened, why);
            }
        }
    }

    /// What must be known after a crash is written down before.
    fn close_relays(&mut self, moved: &[Moved], news: &News) {
        for Moved { relay, change } in moved {
            if let Change::Closed(why) = change {
                self.record(*relay, Event::Closed, why);
                let captured = news.alarms.iter().map(|alarm| alarm.captured).max();
                self.set_relay(*relay, true, why, captured);
            }
        }
    }

    fn set_relay(&mut self, relay: usize, on: bool, why: &str, captured: Option<Duration>) {
        let index = self.leds + relay;
        log::warn!(
            "{}: {}: {why}",
            self.outputs[index].held.request.user,
            if on { "closed" } else { "open" }
        );
        self.outputs[index].since = self.clock.wall();
        self.outputs[index].why = why.into();
        self.outputs[index].latency_ms = None;
        if self.set(index, on)
            && let Some(captured) = captured
        {
            self.outputs[index].latency_ms = Some(self.since(captured));
        }
    }

    fn since(&self, captured: Duration) -> f32 {
        self.clock.now().saturating_sub(captured).as_secs_f32() * 1e3
    }

    /// Lights and darkens LEDs; `shown` says which of them show something else. True if any did anything.
    fn light(&mut self, shown: &[bool], news: &News) -> bool {
        let mut changed = shown.contains(&true);
        for (index, shown) in shown.iter().enumerate() {
            let (lit, _) = self.controller.lamp(index).lit(self.clock.now());
            changed |= lit != self.outputs[index].on;
            let set = lit == self.outputs[index].on || self.set(index, lit);
            if *shown {
                let latency = news.captured.filter(|_| set).map(|captured| self.since(captured));
                let output = &mut self.outputs[index];
                output.since = self.clock.wall();
                output.latency_ms = latency;
            }
            if self.outputs[index].why != self.controller.lamp(index).why() {
                self.outputs[index].why = self.controller.lamp(index).why().into();
            }
        }
        changed
    }

    /// Moves a line; false if it is lost.
    fn set(&mut self, index: usize, on: bool) -> bool {
        let output = &mut self.outputs[index];
        output.on = on;
        let Some(line) = &mut output.held.line else { return self.chosen.driver.is_none() };
        match line.set(on).and_then(|()| line.get()) {
            Ok(level) => {
                output.read_back = Some(level);
                true
            }
            Err(why) => {
                self.lose(index, why);
                false
            }
        }
    }

    fn entry(&self, relay: &str, event: Event, why: &str) -> Entry {
        let moment = self.moment();
        let (boot, uptime) = boot::now().unwrap_or_default();
        Entry {
            relay: relay.into(),
            event,
            at: rfc3339(moment.wall),
            why: why.into(),
            time_synced: moment.clock_set,
            boot,
            uptime,
        }
    }

    fn record(&self, relay: usize, event: Event, why: &str) {
        self.recorder.entry(self.entry(&self.outputs[self.leds + relay].name, event, why));
    }

    /// Everything that is missing, in words.
    fn problems(&self) -> Vec<String> {
        let outputs = self.outputs.iter().filter_map(Output::problem);
        let inputs = self.inputs.iter().filter_map(|input| input.held.missed());
        let arming = self.controller.arming.problem(&self.moment());
        outputs.chain(inputs).chain(arming).chain(self.recorder.shared().problem()).collect()
    }

    /// Shows how everything is.
    pub fn publish(&self, shared: &Shared) {
        let moment = self.moment();
        let standing = self.controller.arming.standing(&moment);
        let inputs = self.inputs.iter().zip(&self.controller.settings().inputs).enumerate();
        let report = Report {
            driver: self.chosen.name(),
            driver_reason: self.chosen.reason.clone(),
            armed: standing.is_armed(),
            mode: self.controller.arming.choice().mode,
            why: standing.why().into(),
            next_change: self.controller.arming.next_change(&moment),
            silent_until: self.controller.arming.silent_for(moment.now).map(|left| moment.wall + left),
            outputs: self.outputs.iter().map(Output::report).collect(),
            inputs: inputs
                .map(|(index, (input, settings))| input.report(settings, self.controller.input(index)))
                .collect(),
            problems: self.problems(),
        };
        *lock(&shared.report) = Arc::new(report);
    }

    /// All relays open first, then the LEDs dark.
    fn end(&mut self, why: &str) {
        let moved = self.controller.end(self.clock.now(), why);
        self.open_relays(&moved);
        self.make_safe();
    }

    fn make_safe(&mut self) {
        for output in self.outputs.iter_mut().rev() {
            output.on = false;
            if let Some(line) = &mut output.held.line
                && let Err(error) = line.set(false)
            {
                log::error!("{}: {error}", output.held.request.user);
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.make_safe();
    }
}
