# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A person logs in to the management console with a real browser, through nginx.

Needs Debian's packages chromium, chromium-driver and libnss3-tools, and the Python package
selenium.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest

from tests.support.running_cluster import Cluster

pytestmark = pytest.mark.cluster

SCREENSHOTS = Path(os.environ.get("CARBON_OPS_SCREENSHOTS", "tests/output/screenshots"))


def trusting_home(folder: Path, ca_file: str) -> Path:
    """A home whose browser trusts the authority of the cluster, so that certificates are really
    checked."""
    database = folder / ".pki" / "nssdb"
    database.mkdir(parents=True)
    for arguments in (
        ["-N", "--empty-password"],
        ["-A", "-t", "C,,", "-n", "authority", "-i", ca_file],
    ):
        subprocess.run(
            ["certutil", "-d", f"sql:{database}", *arguments], check=True, capture_output=True
        )
    return folder


def browser_at(cluster: Cluster, home: Path, monkeypatch: pytest.MonkeyPatch) -> t.Any:
    missing = [name for name in ("chromium", "chromedriver", "certutil") if not shutil.which(name)]
    if missing:
        pytest.skip(
            "no browser: {0} is not installed (packages chromium, chromium-driver, libnss3-tools)".format(
                ", ".join(missing)
            )
        )
    webdriver = pytest.importorskip(
        "selenium.webdriver", reason="the Python package selenium is not installed"
    )
    monkeypatch.setenv("HOME", str(home))
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    names = [cluster.model["hostname"], cluster.model["management_hostname"]]
    rules = ", ".join("MAP {0} {1}".format(name, cluster.balancer["address"]) for name in names)
    for argument in (
        "--headless=new",
        # Chromium refuses its own sandbox to root, which tests in containers usually are.
        *(["--no-sandbox"] if os.getuid() == 0 else []),
        "--disable-dev-shm-usage",
        "--window-size=1280,900",
        "--user-data-dir={0}".format(home / "profile"),
        f"--host-resolver-rules={rules}",
    ):
        options.add_argument(argument)
    driver = webdriver.Chrome(
        options=options, service=webdriver.ChromeService(shutil.which("chromedriver"))
    )
    driver.set_page_load_timeout(60)
    return driver


@pytest.fixture
def browser(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[t.Any]:
    home = trusting_home(tmp_path, cluster.ca_file) if shutil.which("certutil") else tmp_path
    driver = browser_at(cluster, home, monkeypatch)
    yield driver
    driver.quit()


def keep_screenshot(browser: t.Any, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    browser.save_screenshot(str(SCREENSHOTS / name))


def test_administrator_logs_in_and_is_greeted_by_name(cluster: Cluster, browser: t.Any) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support import expected_conditions
    from selenium.webdriver.support.ui import WebDriverWait

    port = cluster.model["public_port"]
    console = "https://{0}{1}".format(
        cluster.model["management_hostname"], "" if port == 443 else f":{port}"
    )
    browser.get(console + "/carbon/")
    assert browser.current_url.startswith(console + "/carbon/admin/login.jsp")
    browser.find_element(By.NAME, "username").send_keys(cluster.user)
    browser.find_element(By.NAME, "password").send_keys(cluster.password)
    keep_screenshot(browser, "console-login.png")
    browser.find_element(By.CSS_SELECTOR, "input.button, input[type=submit]").click()
    WebDriverWait(browser, 60).until(expected_conditions.url_contains("loginStatus=true"))
    keep_screenshot(browser, "console-home.png")

    # The header says who is logged in, and the page behind the login has its menu.
    header = browser.find_element(By.ID, "header-div").text
    assert "Signed-in as" in header
    assert cluster.user in header
    assert browser.find_elements(By.ID, "logout-form") or "Sign-out" in header
    assert browser.find_element(By.ID, "menu-panel").is_displayed()

    # The session holds over further pages, each of which nginx sends to a node anew.
    for _page in range(6):
        browser.get(console + "/carbon/admin/index.jsp")
        assert cluster.user in browser.find_element(By.ID, "header-div").text
        assert browser.current_url.startswith(console + "/carbon/admin/index.jsp")
