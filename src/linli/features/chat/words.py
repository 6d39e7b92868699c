"""What the dialogue says. WeChat shows plain text: sentences, in the Chinese of its readers."""

from __future__ import annotations

WELCOME = (
    "您好！什么地方、什么事，写几个字发过来就行，可以带照片、发位置。回复“进展”看办到哪一步。紧急情况请直接打"
    " 110、119、120。"
)
WHAT = "是什么事？写几个字就行。"
GOT_PHOTO = "收到照片，共 {n} 张。"
NO_PHOTO = "照片没有收成：{why}"
GOT_PLACE = "收到位置。"
WHERE = "在哪里？发个位置（点“+”→“位置”），或者写社区名；不清楚就回复“不清楚”。"
IS_IT = "是在{place}吗？是就回复“是”；不是就发个位置，或者写社区名。"
NOT_FOUND = "没有找到“{said}”。再写一次社区名，或者发个位置；不清楚就回复“不清楚”，我们先登记。"
OUTSIDE = "这个位置不在我们受理的范围内。请重新发位置，或者写社区名；不清楚就回复“不清楚”。"
WHICH = "是补充编号 {number} 的事，还是另一件事？回复 1 是补充，回复 2 是另一件事。您写的都记着。"
REGISTERED = "已登记，编号 {number}。{promise}进展和评价：{link}"
PROMISE = "我们最晚在 {day} 前答复您。"
ADDED = "已补充到编号 {number}，办理人会看到。"
REFUSED = "没能登记：{why}您写的都留着，改好后再发，或者打我们的电话。"
DROPPED = "好的，没有登记。"
NOTHING = "您还没有通过这里反映过事情。"
STANDS = "编号 {number}：{stage}。{promise}{link}"
ENDED = "已办结（{result}）"
OVERDUE = "原定 {day} 前答复，已经超过，正在催办。"
ONLY = "这里只能收文字、照片和位置。请把事情写成几个字发过来。"
SLOW = "您发得太快了，请过一分钟再发。刚才这一条没有收下。"
TOO_MANY = "今天这里登记的太多了，请明天再发，或者打我们的电话。"
LOST = "（有 {n} 张照片没有从微信取到。）"

YES = frozenset({"是", "是的", "对", "对的", "嗯", "好", "1", "yes"})
UNKNOWN = frozenset({"不清楚", "不知道", "不晓得", "不确定"})
ADD = frozenset({"1", "补充", "是补充", "同一件", "同一件事"})
NEW = frozenset({"2", "新", "新事", "新事情", "另一件", "另一件事", "不是"})
PROGRESS = frozenset({"进展", "进度", "查询", "查进度", "查进展", "到哪了"})
CANCEL = frozenset({"取消", "算了", "不用了"})
HELP = frozenset({"帮助", "怎么用", "?", "？", "help"})


def bare(text: str) -> str:
    """What was written, without the marks around it."""
    return text.strip().strip("“”\"'。.！!，, ").lower()
