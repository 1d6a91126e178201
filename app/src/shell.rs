//! The HTML document around the app. Rendered by the server only.
//!
//! Holds the two pieces of hand-written JavaScript there are: the colours before the first paint, and the boot.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::app::App;
use crate::routes;

/// Where the page's files are, with their content hashes, as paths from the root of its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetUrls {
    /// The style sheet.
    pub css: String,
    /// The glue of the WASM module.
    pub js: String,
    /// The WASM module.
    pub wasm: String,
    /// The ES module of the terminal and its add-ons, loaded on demand.
    pub terminal: String,
    /// The icon of the site, SVG.
    pub favicon: String,
}

/// A person's choice of colours must be in place before anything is painted.
const THEME_SCRIPT: &str = "try{const t=localStorage.getItem('sempre.theme');\
    if(t==='light'||t==='dark')document.documentElement.dataset.theme=t}catch{}";

/// A text as a JavaScript string that cannot end its script element.
fn js_string(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    quoted.replace('<', "\\u003c")
}

fn boot_script(assets: &AssetUrls) -> String {
    let (js, wasm, terminal) = (
        js_string(&assets.js),
        js_string(&assets.wasm),
        js_string(&assets.terminal),
    );
    format!(
        "import init,{{hydrate}} from {js};\
         globalThis.sempreTerminal=()=>import({terminal});\
         init({{module_or_path:{wasm}}}).then(()=>hydrate());"
    )
}

/// The whole HTML document.
pub fn shell(_options: LeptosOptions, assets: AssetUrls) -> impl IntoView {
    let boot = boot_script(&assets);
    view! {
        <!DOCTYPE html>
        <html lang="en" data-base=routes::base()>
            <head>
                <meta charset="utf-8" />
                <meta
                    name="viewport"
                    content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"
                />
                <meta name="color-scheme" content="light dark" />
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#f6f6f3" />
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#101417" />
                <meta name="referrer" content="no-referrer" />
                <script nonce=use_nonce()>{THEME_SCRIPT}</script>
                <link rel="stylesheet" href=assets.css.clone() />
                <link rel="icon" type="image/svg+xml" href=assets.favicon.clone() />
                <link rel="modulepreload" href=assets.js.clone() />
                <link
                    rel="preload"
                    href=assets.wasm.clone()
                    r#as="fetch"
                    r#type="application/wasm"
                    crossorigin="anonymous"
                />
                <script type="module" nonce=use_nonce()>
                    {boot}
                </script>
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_ends_the_boot_script() {
        let assets = AssetUrls {
            css: String::new(),
            js: "/assets/</script>\".js".into(),
            wasm: "/assets/sempre.wasm".into(),
            terminal: "/assets/terminal.js".into(),
            favicon: String::new(),
        };
        let script = boot_script(&assets);
        assert!(!script.contains("</script"));
        assert!(script.contains(r#"from "/assets/\u003c/script>\".js""#));
    }
}
