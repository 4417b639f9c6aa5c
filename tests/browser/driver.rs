//! A Chromium with a window of a given size, with JavaScript or without.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Portal};

/// How long a page may take to show what a test waits for. Generous: it only ends tests that fail.
const PATIENCE: Duration = Duration::from_secs(20);

/// What kind of window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    Desk,
    Phone,
    /// The narrowest phone that is still sold.
    Small,
}

impl Screen {
    /// The page's own size; a headless window takes 143 pixels of height for itself.
    const fn size(self) -> (u32, u32) {
        match self {
            Self::Desk => (1440, 900 + 143),
            Self::Phone => (390, 844),
            Self::Small => (360, 740),
        }
    }
}

/// Whether pages may run scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    On,
    Off,
}

/// What a page that asks for camera and microphone gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Camera {
    None,
    /// Made-up ones.
    Allowed,
    /// The person says no.
    Denied,
}

/// One browser and the driver behind it. Both end with the test.
pub struct Window {
    pub client: Client,
    base: String,
    driver: Child,
}

impl Drop for Window {
    fn drop(&mut self) {
        // The browser is in the driver's process group, and goes with it.
        if let Ok(group) = self.driver.id().try_into() {
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
        let _ = self.driver.wait();
    }
}

impl Window {
    /// A window on `portal`.
    pub async fn open(portal: &Portal, screen: Screen, script: Script) -> Self {
        Self::open_with(portal, screen, script, Camera::None).await
    }

    /// A window with a camera and a microphone that are made up.
    pub async fn open_with(portal: &Portal, screen: Screen, script: Script, camera: Camera) -> Self {
        let (driver, port) = tokio::task::spawn_blocking(start_driver).await.expect("chromedriver starts");
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities(screen, script, camera))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("Chromium starts");
        Self { client, base: format!("http://{}", portal.address()), driver }
    }

    /// Opens a page of the portal.
    pub async fn goto(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.base)).await.expect("the page loads");
    }

    /// Signs in through the form as the demo account of a role.
    pub async fn sign_in(&self, role: &str) {
        self.goto("/sign-in").await;
        self.fill("E-mail", &format!("{role}@example.com")).await;
        self.fill("Password", PASSWORD).await;
        self.press("Sign in").await;
        self.wait_until_gone("input[name=password]").await;
    }

    /// Types into the field with this visible label.
    pub async fn fill(&self, label: &str, text: &str) {
        let path = format!("//label[contains(normalize-space(), {})]", quoted(label));
        let label = self.client.wait().at_most(PATIENCE).for_element(Locator::XPath(&path)).await.expect("the label");
        let id = label.attr("for").await.expect("an attribute").expect("the label names its field");
        let field = self.client.find(Locator::Id(&id)).await.expect("the field");
        field.clear().await.expect("a field that can be cleared");
        field.send_keys(text).await.expect("a field that can be typed into");
    }

    /// Presses the visible button or link that says this, as soon as there is one.
    pub async fn press(&self, words: &str) {
        let quoted = quoted(words);
        let path =
            format!("(//button[contains(normalize-space(), {quoted})] | //a[contains(normalize-space(), {quoted})])");
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            // A page that is just changing loses its elements between two questions.
            for element in self.client.find_all(Locator::XPath(&path)).await.unwrap_or_default() {
                if element.is_displayed().await.unwrap_or(false) && self.try_to_press(&element, ENTER).await.is_ok() {
                    return;
                }
            }
            assert!(tokio::time::Instant::now() < end, "nothing visible says {words:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Presses this element.
    pub async fn press_on(&self, element: &Element, key: &str) {
        self.try_to_press(element, key).await.expect("something that can be pressed");
    }

    /// Clicks this element, or gives it `key` where it cannot be reached by a click: in a page without scripts nothing
    /// scrolls it into the middle.
    async fn try_to_press(&self, element: &Element, key: &str) -> Result<(), CmdError> {
        let middle = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' });";
        let shown = serde_json::to_value(element).expect("an element");
        let _ = self.client.execute(middle, vec![shown]).await;
        match element.click().await {
            Ok(()) => Ok(()),
            Err(_) => element.send_keys(key).await,
        }
    }

    /// Presses a key, as a person with the page in front of them would.
    pub async fn key(&self, key: &str) {
        self.client.find(Locator::Css("body")).await.expect("a body").send_keys(key).await.expect("a key");
    }

    /// Types where the focus is: nothing is clicked.
    pub async fn keys(&self, keys: &str) {
        self.client.active_element().await.expect("the focus").send_keys(keys).await.expect("keys");
    }

    /// What the focus is on, in words.
    pub async fn focus(&self) -> String {
        let words = "const e = document.activeElement;
            return [e.tagName, e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent, e.value].join(' ').replace(/\\s+/g, ' ').trim();";
        self.run(words).await.as_str().unwrap_or_default().to_owned()
    }

    /// Goes on with Tab until the focus is on what says this. Every stop on the way must be seen.
    pub async fn tab_to(&self, words: &str) {
        for _ in 0..150 {
            self.keys(TAB).await;
            let seen = "const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);
                return e === document.body || (r.width > 0 && s.visibility === 'visible');";
            assert_eq!(self.run(seen).await, true, "the focus is out of sight: {}", self.focus().await);
            if self.focus().await.contains(words) {
                return;
            }
        }
        panic!("Tab never comes to {words}");
    }

    /// Asks Chromium for what WebDriver does not know.
    pub async fn devtools(&self, command: &'static str, parameters: Value) {
        self.client.issue_cmd(Devtools(command, parameters)).await.expect("Chromium does it");
    }

    /// Waits until an element matches.
    pub async fn wait_for(&self, css: &str) {
        self.client
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::Css(css))
            .await
            .unwrap_or_else(|_| panic!("{css} never came"));
    }

    /// Waits until no element matches.
    pub async fn wait_until_gone(&self, css: &str) {
        let end = tokio::time::Instant::now() + PATIENCE;
        while self.client.find(Locator::Css(css)).await.is_ok() {
            assert!(tokio::time::Instant::now() < end, "{css} never went");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the page says `words`.
    pub async fn wait_for_words(&self, words: &str) {
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            let text = self.text("body").await;
            if text.contains(words) {
                return;
            }
            assert!(tokio::time::Instant::now() < end, "the page never said {words:?}, but: {text}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The visible text of the first match; nothing where there is none.
    pub async fn text(&self, css: &str) -> String {
        match self.client.find(Locator::Css(css)).await {
            Ok(element) => element.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// The path and query in the address bar.
    pub async fn address(&self) -> String {
        let url = self.client.current_url().await.expect("an address");
        url.as_str().strip_prefix(&self.base).unwrap_or(url.as_str()).to_owned()
    }

    /// Keeps a picture of the window in the folder that `SCREENSHOTS` names, for people to look at.
    pub async fn picture(&self, name: &str) {
        if let Ok(folder) = std::env::var("SCREENSHOTS") {
            let png = self.client.screenshot().await.expect("a picture");
            std::fs::write(format!("{folder}/{name}.png"), png).expect("a file");
        }
    }

    /// Runs a script in the page and gives back what it returns.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.expect("the script runs")
    }

    /// Runs a script that calls back when it is done.
    pub async fn run_async(&self, script: &str) -> Value {
        self.client.execute_async(script, Vec::new()).await.expect("the script runs")
    }
}

/// The key.
pub const TAB: &str = "\u{E004}";

/// The key.
pub const ENTER: &str = "\u{E007}";

/// A command of the DevTools protocol, as chromedriver passes them on.
#[derive(Debug)]
struct Devtools(&'static str, Value);

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "cmd": self.0, "params": self.1 }).to_string()))
    }
}

fn quoted(text: &str) -> String {
    assert!(!text.contains('"'), "XPath has no escapes");
    format!("\"{text}\"")
}

fn capabilities(screen: Screen, script: Script, camera: Camera) -> Capabilities {
    let (width, height) = screen.size();
    let mut options = json!({
        "args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
            "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
            "--hide-scrollbars", "--force-prefers-reduced-motion", format!("--window-size={width},{height}"),
        ],
    });
    let answer = match camera {
        Camera::None => None,
        Camera::Allowed => Some("--use-fake-ui-for-media-stream"),
        Camera::Denied => Some("--use-fake-ui-for-media-stream=deny"),
    };
    if let (Some(answer), Some(args)) = (answer, options["args"].as_array_mut()) {
        let made_up = [answer, "--use-fake-device-for-media-stream", "--allow-loopback-in-peer-connection"];
        args.extend(made_up.map(|flag| json!(flag)));
    }
    // An emulated phone without scripts never answers a touch: there a narrow window has to do.
    if screen != Screen::Desk && script == Script::On {
        options["mobileEmulation"] =
            json!({ "deviceMetrics": { "width": width, "height": height, "pixelRatio": 1.0 } });
    }
    if script == Script::Off {
        options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
    }
    let mut capabilities = Capabilities::new();
    capabilities.insert("goog:chromeOptions".to_owned(), options);
    capabilities
}

/// Starts a driver on a port of its own choice.
fn start_driver() -> (Child, u16) {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is installed (script/setup does it)");
    let output = driver.stdout.take().expect("its output");
    let mut lines = BufReader::new(output).lines();
    let port = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|line| line.split("successfully on port ").nth(1)?.trim_end_matches('.').parse().ok())
        .expect("chromedriver says on which port it listens");
    std::thread::spawn(move || lines.for_each(drop));
    (driver, port)
}
