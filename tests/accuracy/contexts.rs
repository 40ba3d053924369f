//! Thirty canonical places in which tokens of six registries leak.

use keyrake::detect::{Detector, mint};

use crate::scan::scan;

const SEEDS: [u64; 3] = [7, 11, 1_000_003];

/// A place: what it is, whose token it holds, its text with `«T»` where the token belongs, the token.
type Row = (&'static str, &'static str, &'static str, &'static str);

const ROWS: [Row; 30] = [
    (".npmrc", "npm", "//registry.invalid/:_authToken=«T»\n", "{npm_token}"),
    ("NPM_TOKEN", "npm", "NPM_TOKEN=«T»\n", "{npm_token}"),
    ("YAML", "npm", "env:\n  NODE_AUTH_TOKEN: «T»\n", "{npm_token}"),
    ("address", "npm", "registry=https://u:«T»@registry.invalid/\n", "{npm_token}"),
    ("echo", "npm", "echo «T»>.npmrc\n", "{npm_token}"),
    ("call", "npm", "f(«T»)\n", "{npm_token}"),
    ("XML", "npm", "<t>«T»</t>\n", "{npm_token}"),
    ("CSV", "npm", "7,«T»,mia\n", "{npm_token}"),
    ("escaped JSON", "npm", "{\"a\": \"{\\\"t\\\": \\\"«T»\\\"}\"}\n", "{npm_token}"),
    ("glued", "npm", "x«T»\n", "{npm_token}"),
    ("UUID in .npmrc", "npm", "//registry.invalid/:_authToken=«T»\n", "{uuid}"),
    ("UUID in NPM_TOKEN", "npm", "NPM_TOKEN=«T»\n", "{uuid}"),
    ("_auth", "npm", "registry=https://registry.invalid/\n_auth={base64:mia:«T»}\n", "{password}"),
    (".pypirc", "pypi", "[pypi]\nusername = __token__\npassword = «T»\n", "{pypi_token}"),
    ("long token of a project", "pypi", "[pypi]\npassword = «T»\n", "{pypi_project_token}"),
    ("address", "pypi", "https://__token__:«T»@registry.invalid/legacy/\n", "{pypi_token}"),
    ("test instance", "pypi", "[testpypi]\nusername = __token__\npassword = «T»\n", "{pypi_test_token}"),
    ("credentials.toml", "crates", "[registry]\ntoken = \"«T»\"\n", "{crates_token}"),
    ("CARGO_REGISTRY_TOKEN", "crates", "export CARGO_REGISTRY_TOKEN=«T»\n", "{crates_token}"),
    ("cargo login", "crates", "cargo login «T»\n", "{crates_token}"),
    ("cargo publish", "crates", "cargo publish --token «T»\n", "{crates_token}"),
    ("CRATES_IO_API_KEY", "crates", "CRATES_IO_API_KEY=«T»\n", "{crates_token}"),
    ("credentials of gem", "rubygems", "---\n:rubygems_api_key: «T»\n", "{rubygems_key}"),
    ("GEM_HOST_API_KEY", "rubygems", "GEM_HOST_API_KEY=«T»\n", "{rubygems_key}"),
    ("legacy key", "rubygems", "---\n:rubygems_api_key: «T»\n", "{hex32}"),
    ("docker login", "docker", "docker login -u mia -p «T»\n", "{docker_pat}"),
    ("DOCKERHUB_TOKEN", "docker", "env:\n  DOCKERHUB_TOKEN: «T»\n", "{docker_pat}"),
    (
        "config.json",
        "docker",
        "{\"auths\": {\"https://index.docker.io/v1/\": {\"auth\": \"{base64:mia:«T»}\"}}}\n",
        "{docker_pat}",
    ),
    ("nuget push", "nuget", "nuget push a.nupkg --api-key «T»\n", "{nuget_key}"),
    ("API_KEY", "nuget", "API_KEY=«T»\n", "{nuget_key}"),
];

fn wrong(detector: &Detector, row: &Row, seed: u64) -> Option<String> {
    let (place, registry, text, token) = row;
    let token = mint::fill(token, seed);
    let text = mint::fill(&text.replace("«T»", &token), seed);
    let seen = scan(detector, text.as_bytes());
    let is_found = matches!(seen.as_slice(), [only] if only.registry == *registry && only.secret == token);
    (!is_found).then(|| format!("{registry}: {place}: {text:?}: {seen:?}"))
}

#[test]
fn all_thirty_are_found() {
    let detector = crate::detector();
    let tried = ROWS.iter().flat_map(|row| SEEDS.map(|seed| (row, seed)));
    let wrong: Vec<String> = tried.filter_map(|(row, seed)| wrong(&detector, row, seed)).collect();
    println!("{} of {} found", ROWS.len() * SEEDS.len() - wrong.len(), ROWS.len() * SEEDS.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn within_a_word_only_a_checksum_that_holds_is_found() {
    let detector = crate::detector();
    for seed in SEEDS {
        let text = mint::fill("x{npm_token_bad_checksum}\n", seed);
        assert!(scan(&detector, text.as_bytes()).is_empty(), "{text:?}");
    }
}
