// What calls for attention when the page is not looked at: its icon, and notices of the system if they are wanted.

import { live } from "./live.js";
import { link } from "./router.js";
import { me } from "./session.js";
import { find, talks, unread } from "./talks.js";

const ASKED = "sheaf.asked-to-notify";
const LONGEST = 140;
const tab = document.querySelector("link[rel=icon]");
const plain = tab.href;

function badge() {
  const wanted = unread() ? plain.replace("icon.svg", "icon-unread.svg") : plain;
  if (tab.href !== wanted) tab.href = wanted;
}

// Whether the browser may still be asked; it is asked once.
export const mayAsk = () => "Notification" in window && Notification.permission === "default" && !localStorage.getItem(ASKED);

export async function ask() {
  localStorage.setItem(ASKED, "yes");
  return (await Notification.requestPermission()) === "granted";
}

badge();
talks.addEventListener("changed", badge);
live.addEventListener("message", ({ detail: { message } }) => {
  const isSeen = !document.hidden && document.hasFocus();
  if (isSeen || message.sender_id === me()?.id || message.read_at) return;
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const from = find(message.sender_id)?.user.name ?? "A message";
  const notice = new Notification(from, { body: message.content.slice(0, LONGEST), icon: plain, tag: `sheaf-${message.sender_id}` });
  notice.onclick = () => {
    focus();
    location.hash = link(`/chat/${message.sender_id}`);
    notice.close();
  };
});
