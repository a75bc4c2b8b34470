// What a screen reader is told of the page's main views: names and roles, in their order.
import type { Page } from "@playwright/test";
import { openShell, test } from "../support/demo.ts";
import { goTo } from "../support/palette.ts";
import { PodList } from "../support/pod-list.ts";
import { expect } from "../support/test.ts";

const dialogue = (page: Page) => page.getByRole("dialog");

test("the list", async ({ page }) => {
  await page.addInitScript(() => localStorage.setItem("podshell.knows-the-page", "yes"));
  await PodList.open(page, "./?search=app%3Dweb&namespace=shop");
  await expect(page.getByTestId("pod-row")).toHaveCount(3);
  await expect(page.locator("body")).toMatchAriaSnapshot(`
    - banner:
      - link "Pods":
        - /url: ./?search=app%3Dweb&namespace=shop
      - navigation "Your shells":
        - list
      - button "New shell"
      - button "Go to"
      - text: demo
      - button "Settings"
      - button "中文"
    - main:
      - heading "Podshell" [level=1]
      - note: /This is the built-in demo/
      - search:
        - searchbox "Filter pods": app=web
        - combobox "Namespace": shop
        - button "Only what I can enter"
        - status: /^3 of \\d+ pods, \\d+ can be entered$/
      - table:
        - rowgroup:
          - row:
            - columnheader "Name":
              - button "Name"
            - columnheader "Namespace":
              - button "Namespace"
            - columnheader "Ready":
              - button "Ready"
            - columnheader "Status":
              - button "Status"
            - columnheader "Restarts":
              - button "Restarts"
            - columnheader "Age":
              - button "Age"
            - columnheader "Node":
              - button "Node"
            - columnheader "Open a shell"
        - rowgroup:
          - row:
            - rowheader "web-0"
            - cell "shop"
            - cell "2/2"
            - cell "Running"
            - cell "0"
            - cell "6d"
            - cell "node-1"
            - cell:
              - link "app":
                - /url: shell/shop/web-0/app
              - 'link "Attach to the main process: app"':
                - /url: shell/shop/web-0/app?mode=attach
              - link "sidecar"
              - 'link "Attach to the main process: sidecar"'
          - row:
            - rowheader "web-1"
          - row:
            - rowheader "web-2"
            - cell "shop"
            - cell "0/1"
            - cell "ContainerCreating"
  `);
});

test("the workspace with two panes", async ({ page }) => {
  await openShell(page);
  await page.keyboard.press("Control+Shift+E");
  await expect(page.getByTestId("pane").filter({ visible: true })).toHaveCount(2);
  await expect(page.getByTestId("state-line")).toHaveAttribute("data-state", "connected");
  await expect(page.locator("body")).toMatchAriaSnapshot(`
    - banner:
      - link "Pods"
      - navigation "Your shells":
        - list:
          - listitem:
            - link "Connected welcome shell":
              - /url: shell/default/welcome/shell
            - 'button "Close: welcome shell"'
      - button "New shell"
      - button "Go to"
      - button "Settings"
      - button "中文"
    - main "Terminals":
      - heading "Terminals" [level=1]
      - region "default / welcome / shell, Pane 1 / 2":
        - img "Connected"
        - heading "default / welcome / shell" [level=2]
        - 'button "Close: default / welcome / shell"'
        - textbox "Terminal welcome/shell. Shift+Esc leaves the terminal"
      - region "default / welcome / shell, Pane 2 / 2":
        - img "Connected"
        - heading "default / welcome / shell" [level=2]
        - button "Split right"
        - button "Split down"
        - button "Zoom"
        - 'button "Close: default / welcome / shell"'
        - textbox "Terminal welcome/shell. Shift+Esc leaves the terminal"
      - separator "Divider"
    - contentinfo:
      - status: Connected
      - strong: default / welcome / shell
      - button /^Connection \\d+ ms WebSocket$/
      - text: /\\d+×\\d+ Shift Esc leaves the terminal/
  `);
});

test("the settings", async ({ page }) => {
  await PodList.open(page);
  await page.getByRole("button", { name: "Settings" }).click();
  await expect(dialogue(page)).toMatchAriaSnapshot(`
    - dialog "Settings":
      - heading "Settings" [level=2]
      - region "Settings":
        - heading "Appearance" [level=3]
        - img "Preview"
        - combobox "Language":
          - option "English" [selected]
          - option "中文"
        - combobox /^Theme/:
          - option "System" [selected]
          - option "Light"
          - option "Dark"
        - combobox "Contrast":
          - option "System" [selected]
          - option "High"
        - textbox /^Font/
        - group "Font size":
          - button "Smaller"
          - status: 14 px
          - button "Larger"
        - combobox "Cursor":
          - option "Block" [selected]
          - option "Bar"
          - option "Underline"
        - checkbox /^Cursor blinks/
        - heading "Terminal" [level=3]
        - combobox /^Scrollback/:
          - option "5000" [selected]
        - checkbox /^Screen reader/
        - checkbox /^Instant Ctrl-C/ [checked]
        - checkbox /^Programs may copy to the clipboard/ [checked]
        - combobox /^Ctrl\\+C and Ctrl\\+V/:
          - option "As usual on this system" [selected]
      - button "Close"
  `);
});

test("the palette", async ({ page }) => {
  await openShell(page);
  // the list is there
  await goTo(page, "busybox");
  await expect(dialogue(page).getByRole("option").first()).toContainText("busybox");
  await dialogue(page).getByRole("combobox").fill("");
  await expect(dialogue(page)).toMatchAriaSnapshot(`
    - dialog "Go to":
      - combobox "Pods, running shells, commands" [expanded]
      - listbox "Go to":
        - text: Your shells
        - option "Connected welcome shell default / welcome / shell" [selected]
        - text: Open a shell
        - option "busybox default / busybox"
        - option "welcome default / shell"
        - text: Commands
        - option "Split right Ctrl Shift E"
        - option "Split down Ctrl Shift O"
  `);
  await goTo(page, "settings");
  await expect(dialogue(page)).toMatchAriaSnapshot(`
    - dialog "Go to":
      - combobox "Pods, running shells, commands" [expanded]: settings
      - listbox "Go to":
        - text: Commands
        - option "Settings" [selected]
  `);
});

test("the keys", async ({ page }) => {
  await openShell(page);
  await page.keyboard.press("Control+Shift+H");
  await expect(dialogue(page)).toMatchAriaSnapshot(`
    - dialog "Keys":
      - heading "Keys" [level=2]
      - region "Keys":
        - heading "Everywhere" [level=3]
        - table:
          - row "Go to Ctrl Shift K":
            - rowheader "Go to"
            - cell "Ctrl Shift K":
              - button "Ctrl Shift K"
          - row "Keys Ctrl Shift H"
          - row "leave the terminal Shift Esc"
          - row "next part of the page Ctrl F6"
          - row "Split right Ctrl Shift E"
          - row "Split down Ctrl Shift O"
        - heading "In the list of pods" [level=3]
        - table:
          - row "choose ↑ ↓, J K"
          - row "Open a shell Enter, S"
      - button "Close"
  `);
});

test("the way back to what was closed", async ({ page }) => {
  await openShell(page);
  await page.keyboard.press("Control+Shift+X");
  await expect(page.getByTestId("undo").locator("..")).toMatchAriaSnapshot(`
    - status:
      - paragraph:
        - text: Closed welcome/shell.
        - button "Undo"
  `);
});
