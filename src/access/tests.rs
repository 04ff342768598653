use super::*;
use crate::service::clock::{Clock as _, SimulatedClock};
use std::path::Path;
use std::sync::Arc;

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 7));
const GOOD: &str = "correct horse";

fn configured(state: &Path, listen: &str, auth: Auth) -> Config {
    let mut config = Config { state_dir: state.into(), ..Config::default() };
    config.server.listen = listen.parse().unwrap();
    config.server.auth = auth;
    config
}

fn open(config: &Config, clock: &Arc<SimulatedClock>) -> Access {
    Access::open(config, clock.clone(), CancellationToken::new())
}

fn on_lan(state: &Path) -> (Access, Arc<SimulatedClock>) {
    let clock = SimulatedClock::shared();
    (open(&configured(state, "0.0.0.0:8000", Auth::Password), &clock), clock)
}

/// As `edge-cctv passwd` does it, in another process.
fn passwd(state: &Path, user: User, password: &str) {
    let password = Password::of(password, 1, true);
    let changed = Store::new(state).change(true, |record| {
        record.set_password(user, Some(password), None);
        Ok::<_, StoreError>(())
    });
    changed.unwrap();
}

/// The secret of a new session of the administrator's.
fn log_in(access: &Access) -> String {
    let (user, hash) = access.check("admin", GOOD, HERE).unwrap();
    access.begin_session(user, &hash, HERE, "").unwrap()
}

/// By what the administrator is let in.
fn admin(access: &Access) -> By {
    By::Password(access.admin_password().unwrap().hash)
}

#[test]
fn the_door_is_open_on_this_board_until_there_is_a_password_and_beyond_it_never_by_itself() {
    let state = tempfile::tempdir().unwrap();
    let door = |listen, auth| open(&configured(state.path(), listen, auth), &SimulatedClock::shared()).door();
    assert_eq!(door("127.0.0.1:8000", Auth::Password), Door::Open);
    assert_eq!(door("[::1]:8000", Auth::Password), Door::Open);
    assert_eq!(door("0.0.0.0:8000", Auth::Password), Door::Locked);
    assert_eq!(door("0.0.0.0:8000", Auth::None), Door::Open);
    passwd(state.path(), User::Admin, GOOD);
    assert_eq!(door("127.0.0.1:8000", Auth::Password), Door::Password);
    assert_eq!(door("0.0.0.0:8000", Auth::Password), Door::Password);
    std::fs::write(state.path().join("access.json"), "{").unwrap();
    assert_eq!(door("127.0.0.1:8000", Auth::Password), Door::Locked);
    assert_eq!(door("0.0.0.0:8000", Auth::None), Door::Open);
}

#[test]
fn a_file_that_disappears_or_breaks_while_it_runs_opens_nothing() {
    let state = tempfile::tempdir().unwrap();
    passwd(state.path(), User::Admin, GOOD);
    let (access, _) = on_lan(state.path());
    let session = log_in(&access);
    let grant = access.by_session(&session).unwrap();
    for spoil in
        [|file: &Path| std::fs::write(file, "{}").unwrap(), |file: &Path| std::fs::remove_file(file).unwrap()]
    {
        spoil(&state.path().join("access.json"));
        access.refresh();
        assert!(grant.ended.is_cancelled());
        assert_eq!(access.door(), Door::Locked);
        assert!(access.anybody().is_none() && access.by_session(&session).is_none());
        assert!(access.check("admin", GOOD, HERE).is_err());
    }
}

#[test]
fn a_command_that_changes_the_password_ends_sessions_and_remembered_passwords_at_once() {
    let state = tempfile::tempdir().unwrap();
    passwd(state.path(), User::Admin, GOOD);
    passwd(state.path(), User::Viewer, "battery staple");
    let (access, _) = on_lan(state.path());
    let session = log_in(&access);
    let by_session = access.by_session(&session).unwrap();
    assert!(access.by_remembered_password("admin", GOOD, HERE).is_none());
    let by_password = access.by_password("admin", GOOD, HERE).unwrap();
    assert_eq!(access.by_remembered_password("admin", GOOD, HERE).unwrap().scope, Scope::Admin);
    assert!(access.by_remembered_password("viewer", GOOD, HERE).is_none());
    let viewer = access.by_password("viewer", "battery staple", HERE).unwrap();
    passwd(state.path(), User::Admin, "another horse");
    access.refresh();
    assert!(by_session.ended.is_cancelled() && by_password.ended.is_cancelled());
    assert!(!viewer.ended.is_cancelled());
    assert!(access.by_session(&session).is_none());
    assert!(access.by_remembered_password("admin", GOOD, HERE).is_none());
    assert_eq!(access.check("admin", GOOD, HERE), Err(Denied::Wrong));
    assert!(access.check("admin", "another horse", HERE).is_ok());
}

#[test]
fn who_changes_the_own_password_stays_and_their_other_sessions_end() {
    let state = tempfile::tempdir().unwrap();
    passwd(state.path(), User::Admin, GOOD);
    let (access, _) = on_lan(state.path());
    let secrets: Vec<_> = (0..2).map(|_| log_in(&access)).collect();
    let grants: Vec<_> = secrets.iter().map(|secret| access.by_session(secret).unwrap()).collect();
    assert!(access.admin_password().unwrap().made);
    access.set_password(&grants[0].by, User::Admin, Some("another horse")).unwrap();
    assert!(!access.admin_password().unwrap().made);
    assert!(!grants[0].ended.is_cancelled() && grants[1].ended.is_cancelled());
}

#[test]
fn a_wrong_password_is_counted_and_after_a_few_has_to_wait() {
    let state = tempfile::tempdir().unwrap();
    passwd(state.path(), User::Admin, GOOD);
    let (access, clock) = on_lan(state.path());
    for user in ["admin", "nobody", "viewer"] {
        assert_eq!(access.check(user, "wrong horse", HERE), Err(Denied::Wrong), "{user}");
    }
    for _ in 0..4 {
        assert_eq!(access.check("admin", "wrong horse", HERE), Err(Denied::Wrong));
    }
    assert_eq!(access.failed_logins(), 7);
    assert!(matches!(access.check("admin", GOOD, HERE), Err(Denied::Wait(_))), "the right one waits too");
    clock.sleep(Duration::from_secs(3));
    assert!(access.check("admin", GOOD, HERE).is_ok());
}

#[test]
fn a_token_opens_until_it_is_revoked() {
    let state = tempfile::tempdir().unwrap();
    passwd(state.path(), User::Admin, GOOD);
    let (access, _) = on_lan(state.path());
    let (secret, _) = access.make_token(&admin(&access), "ha", Scope::Control).unwrap();
    let grant = access.by_token(&secret).unwrap();
    assert_eq!((grant.scope, grant.user), (Scope::Control, None));
    assert!(access.by_token("ecctv_00").is_none() && access.by_session(&secret).is_none());
    assert!(access.revoke_token(&admin(&access), "ha").unwrap());
    assert!(grant.ended.is_cancelled() && access.by_token(&secret).is_none());
}

#[test]
fn a_link_opens_its_own_path_until_it_is_over_or_the_password_changes() {
    let state = tempfile::tempdir().unwrap();
    passwd(state.path(), User::Admin, GOOD);
    let (access, clock) = on_lan(state.path());
    let expires = access.seconds() + 60;
    let signature = access.link(&admin(&access), "/api/snapshots/snapshot_1.jpg", expires).unwrap();
    let opens = |path, expires| access.by_link(path, expires, &signature).is_some();
    assert!(opens("/api/snapshots/snapshot_1.jpg", expires));
    assert!(!opens("/api/snapshots/snapshot_2.jpg", expires));
    assert!(!opens("/api/snapshots/snapshot_1.jpg", expires + 1));
    clock.sleep(Duration::from_secs(61));
    assert!(!opens("/api/snapshots/snapshot_1.jpg", expires));
    let expires = access.seconds() + 60;
    let signature = access.link(&admin(&access), "/api/snapshots/snapshot_1.jpg", expires).unwrap();
    assert!(access.by_link("/api/snapshots/snapshot_1.jpg", expires, &signature).is_some());
    access.set_password(&admin(&access), User::Admin, Some("another horse")).unwrap();
    assert!(access.by_link("/api/snapshots/snapshot_1.jpg", expires, &signature).is_none());
}

#[test]
fn an_open_door_closes_behind_the_first_password() {
    let state = tempfile::tempdir().unwrap();
    let config = configured(state.path(), "127.0.0.1:8000", Auth::Password);
    let access = open(&config, &SimulatedClock::shared());
    let grant = access.anybody().unwrap();
    assert_eq!(grant.scope, Scope::Admin);
    access.set_password(&grant.by, User::Admin, Some(GOOD)).unwrap();
    assert!(grant.ended.is_cancelled() && access.anybody().is_none());
}

#[test]
fn what_a_command_has_ended_a_moment_ago_changes_nothing_any_more() {
    let state = tempfile::tempdir().unwrap();
    passwd(state.path(), User::Admin, GOOD);
    let (access, _) = on_lan(state.path());
    let grant = access.by_session(&log_in(&access)).unwrap();
    let (user, hash) = access.check("admin", GOOD, HERE).unwrap();
    // Nobody has looked at the file since.
    passwd(state.path(), User::Admin, "another horse");
    assert!(!grant.ended.is_cancelled());
    let over = |result: Result<(), ChangeError>| matches!(result, Err(ChangeError::Over));
    assert!(over(access.begin_session(user, &hash, HERE, "").map(drop)));
    assert!(over(access.make_token(&grant.by, "mine", Scope::Admin).map(drop)));
    assert!(over(access.set_password(&grant.by, User::Admin, Some("mine for ever")).map(drop)));
    assert!(over(access.end_sessions(&grant.by, |_| true).map(drop)));
    assert_eq!(access.check("admin", GOOD, HERE), Err(Denied::Wrong));
    assert!(grant.ended.is_cancelled());
    let kept = Store::new(state.path()).load().unwrap().unwrap();
    assert!(kept.sessions().is_empty() && kept.tokens().is_empty());
}

#[test]
fn with_a_full_disk_one_comes_in_all_the_same() {
    let state = tempfile::tempdir().unwrap();
    passwd(state.path(), User::Admin, GOOD);
    let (access, _) = on_lan(state.path());
    // A folder in the place of the new file: writing fails whoever runs the test.
    std::fs::create_dir(state.path().join("access.unfinished")).unwrap();
    let session = log_in(&access);
    access.refresh();
    assert_eq!(access.by_session(&session).unwrap().scope, Scope::Admin);
    let made = access.make_token(&admin(&access), "ha", Scope::View);
    assert!(matches!(made, Err(ChangeError::Store(StoreError::Io(_)))), "what must last is refused");
}

#[test]
fn a_remembered_password_helps_nobody_to_guess_it() {
    let state = tempfile::tempdir().unwrap();
    passwd(state.path(), User::Admin, GOOD);
    let (access, _) = on_lan(state.path());
    assert!(access.by_password("admin", GOOD, HERE).is_ok());
    let elsewhere = "192.168.1.99".parse().unwrap();
    assert!(access.by_remembered_password("admin", GOOD, elsewhere).is_none());
    // Nor from the same address, behind which there may be many.
    while access.check("admin", "wrong one", HERE) == Err(Denied::Wrong) {}
    assert!(access.by_remembered_password("admin", GOOD, HERE).is_none());
    let failed = access.failed_logins();
    assert!(matches!(access.check("admin", GOOD, HERE), Err(Denied::Wait(_))));
    assert_eq!(access.failed_logins(), failed + 1, "tries that had to wait are counted");
}

#[test]
fn what_is_ended_is_over_even_if_the_disk_takes_nothing() {
    let state = tempfile::tempdir().unwrap();
    passwd(state.path(), User::Admin, GOOD);
    let (access, _) = on_lan(state.path());
    let (session, other) = (log_in(&access), log_in(&access));
    let by = access.by_session(&session).unwrap().by;
    let (token, _) = access.make_token(&by, "t", Scope::Control).unwrap();
    let stream = access.by_token(&token).unwrap();
    // A folder in the place of the file that is written first.
    let in_the_way = state.path().join("access.unfinished");
    std::fs::create_dir(&in_the_way).unwrap();
    assert!(matches!(access.revoke_token(&by, "t"), Err(ChangeError::Store(StoreError::Io(_)))));
    assert!(stream.ended.is_cancelled() && access.by_token(&token).is_none());
    let hash = secret::hash(&other);
    assert!(access.end_sessions(&by, |session| session.hash == hash).is_err());
    assert!(access.by_session(&other).is_none() && access.by_session(&session).is_some());
    // With room again, the next change keeps it; reading the file meanwhile brings nothing back.
    access.reload();
    assert!(access.by_token(&token).is_none());
    std::fs::remove_dir(&in_the_way).unwrap();
    access.make_token(&by, "u", Scope::View).unwrap();
    let (again, _) = on_lan(state.path());
    assert!(again.by_token(&token).is_none() && again.by_session(&other).is_none());
    assert!(again.by_session(&session).is_some());
    // One begun while the disk is full is over as soon as somebody says so.
    std::fs::create_dir(&in_the_way).unwrap();
    let unkept = log_in(&access);
    let by = access.by_session(&unkept).unwrap().by;
    let hash = secret::hash(&unkept);
    assert!(access.end_sessions(&by, |session| session.hash == hash).is_err());
    assert!(access.by_session(&unkept).is_none());
}
