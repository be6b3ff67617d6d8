"""Words of a roster: which one is a post, a name, a place, or none of these; rules and lists, no statistics."""

import re
from functools import lru_cache

DEFAULT_POSTS = [
    "会长",
    "副会长",
    "常务副会长",
    "秘书长",
    "副秘书长",
    "理事长",
    "副理事长",
    "常务理事",
    "理事",
    "监事长",
    "监事",
    "顾问",
    "名誉会长",
    "会员",
    "成员",
    "委员",
    "主任",
    "副主任",
]
COURTESY = ("先生", "女士", "同志")
HAN = "㐀-䶿一-鿿豈-﫿々〇\U00020000-\U0003ffff"
LONGEST_RUN = 30  # a longer run of characters is a sentence

SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤"
    "滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅"
    "盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万柯昝管卢莫房裘缪解应宗丁宣贲邓郁单杭洪包诸左石崔吉钮龚程嵇邢裴陆荣翁荀羊惠甄曲封储靳汲糜松井段富巫乌焦巴弓牧"
    "隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴甘厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉"
    "宰郦雍璩桑桂濮牛寿通边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡文寇广禄阙欧沃利蔚越夔隆师巩厍聂晁敖融冷訾辛阚"
    "那简饶空曾沙养鞠须丰巢关蒯相查荆红游竺权逯盖益桓公肖涂代覃闫付兰向邸仝佟车岳帅苟牟佘商亢税岩冼区鄢揭胜修麦原展宾肇操撒粟禤佴亓"
) - set("时空能别相从通全公益养须都终代原满强商税")  # rare as surnames, common as the head of another word
COMPOUND_SURNAMES = frozenset(
    [
        "欧阳",
        "上官",
        "司马",
        "诸葛",
        "夏侯",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "令狐",
        "司徒",
        "宇文",
        "长孙",
        "东方",
        "南宫",
        "独孤",
        "端木",
        "轩辕",
        "闻人",
        "澹台",
        "公冶",
        "宗政",
        "濮阳",
        "淳于",
        "单于",
        "太叔",
        "申屠",
        "仲孙",
        "钟离",
        "鲜于",
        "闾丘",
        "司空",
        "亓官",
        "司寇",
        "巫马",
        "公西",
        "乐正",
        "赫连",
        "呼延",
        "百里",
        "东郭",
        "西门",
        "第五",
        "拓跋",
    ]
)
# What a person's post elsewhere ends in.
TITLE = (
    "(?:书记|支书|主席|主任|经理|总监|董事|理事|监事|秘书|会计|出纳|干事|文书|代表|顾问|教师|医师|律师|法师|道长|住持|站长|厂长"
    "|(?:会|组|队|班|部|站|所|局|院|校|处|科|股|镇|乡|村|县|市|区|董事|理事|监事|秘书|厂|行|馆|园|店|社|团|楼|栋|片|轮值|家|总)长"
    "|(?:联络|信息|宣传|指导|协理|调解|网格|管理|技术|监督|服务|办事|文|委|会|成|队|团|专|督导|统战委|人大代)员"
    "|负责人|召集人|发起人|带头人|联系人|法人|法定代表人|老板)"
)
_TITLE_END = re.compile(rf"{TITLE}$")
_PLACE_END = re.compile(
    "(?:村|镇|乡|县|市|省|区|社区|街道|组|屯|小学|中学|学校|医院|公司|集团|厂|合作社|农场|酒店|饭店|超市|商行|商店|门市|门市部|药店|诊所|大队"
    "|支部|委员会|村委会|居委会|办公室|中心|协会|商会|联谊会|理事会|监事会|办|局|站)$"
)
_NOISE = re.compile(
    "[男女]|[男女]性|.{1,4}族|汉|.{0,2}党员|中共党员|群众|党外|党外人士|无党派|无党派人士|民[革盟建进]|致公党|九三学社|农工党|高中|初中|中专|大专|本科|专科|小学|博士"
    "|硕士|研究生|大学|学历|担?任|任职|起|至今|现任|兼任?|兼职|新任|时任|连任|当选|聘任|换届|就任|上任|入会|加入|暂缺|空缺|待定|缺|无|没有|同上|同号|微信同号|微信"
    "|收到|好的|谢谢.{0,3}|辛苦.{0,3}|单位|任期.{0,2}|全体|时间|日期|管理|关于.*|安排|项目|人|名|位|和|与|及|以及|等|为|是|岁|[一二三四五六七八九十]+年|届|第.{1,2}届|备注"
    "|正式|试用|常务|专职|驻会|在职|退休|返乡|本地|外地|外出|务工|经商|联系|负责|电话|手机|手机号|号码|联系电话|联系方式|常用|办公|住宅|固话|家里|本人|主任医师|班子"
)
_TEXT = re.compile(
    "名单|名册|花名|通讯录|通信录|一览|统计|登记|汇总|附件|合计|总计|共计|填报|制表|以上|如下|以下|截至|盖章|联谊会$|如有|请各|通知|报送|核对|组成人员$|领导班子"
    "|组织机构|推荐表|信息表|情况表|任期|接龙"
)
_LEADING = re.compile(
    "(?:经?(?:选举|推选|研究|会议)?(?:同意|决定|聘任|聘请|任命|增补|推举|推选|选举|产生|吸收|接收)|其中|以及|由|请|现任|现)"
)
_OFFICE_VERB = re.compile("(?:当选为|担任|兼任|出任|继任|任命为|为|任|是|系)$")
_NAME = re.compile(rf"[{HAN}]{{2,4}}")
_MINORITY_NAME = re.compile(rf"[{HAN}]{{1,12}}(?:·[{HAN}]{{1,12}}){{1,4}}")
_JOINED = re.compile("以及|[和与及跟]")


class PostWords:
    """The posts known to one reading; longest first, compounds such as 副会长兼秘书长 whole."""

    def __init__(self, posts: tuple[str, ...]) -> None:
        ordered = sorted({post for post in posts if post.strip()}, key=len, reverse=True)
        one = "|".join(map(re.escape, ordered)) or "(?!)"
        spaced = "|".join(r"[ \n]{0,4}".join(map(re.escape, post)) for post in ordered) or "(?!)"
        self.known = re.compile(rf"(?:{one})(?:[兼及、/,](?:{one}))*")
        self.head = re.compile(rf"(?:{one})(?:兼任?(?:{one}|[{HAN}]{{0,8}}?{TITLE}))*")
        self.tail = re.compile(rf"(?:{one})(?:兼任?(?:{one}))*$")
        self.alone = rf"(?<![{HAN}])兼?(?:{spaced})(?:[ \n]{{0,4}}兼任?[ \n]{{0,4}}(?:{spaced}))*(?![{HAN}])"

    def knows(self, post: str) -> bool:
        return bool(self.known.fullmatch(post))


@lru_cache(maxsize=32)
def post_words(posts: tuple[str, ...]) -> PostWords:
    return PostWords(posts)


def is_name(word: str) -> bool:
    """Whether a word can hardly be anything but a person's name."""
    if "·" in word:
        return len(word) <= 15 and bool(_MINORITY_NAME.fullmatch(word))
    if word[:2] in COMPOUND_SURNAMES:
        return len(word) in {3, 4}
    return len(word) in {2, 3} and word[0] in SURNAMES


def name_doubt(name: str, posts: PostWords) -> str:
    """What the user must put right about a name, "" if nothing."""
    if not name:
        return "未找到姓名，请补填"
    if posts.tail.search(name[-12:]) or _TITLE_END.search(name[-12:]):
        return f"“{name[:20]}”像是职务，请改填姓名"
    if name.endswith(COURTESY):
        return f"“{name[:20]}”是称呼，请改填姓名"
    if _PLACE_END.search(name[-8:]) and len(name) > 2:
        return f"“{name[:20]}”像是地名或单位名称，请改填姓名"
    if not (_NAME.fullmatch(name) or (len(name) <= 15 and _MINORITY_NAME.fullmatch(name))):
        return "姓名应为 2 至 4 个汉字，请核对"
    return ""


def is_text(run: str) -> bool:
    """Whether a run of characters is a title, a remark or a sentence."""
    return len(run) > LONGEST_RUN or bool(_TEXT.search(run))


def words(run: str, posts: PostWords) -> list[tuple[str, str]]:
    """Split one run of Chinese characters into (kind, word); kinds: name, weak, place, post, title, text.

    A weak word may be a name by its length alone; a title is a post that is not among the known ones.
    """
    if posts.knows(run):
        return [("post", run)]
    if not run or _NOISE.fullmatch(run):
        return []
    if is_text(run):
        return [("text", run)]
    run = run[found.end() :] or run if (found := _LEADING.match(run)) and not is_name(run) else run
    return _post_first(run, posts) or _post_last(run, posts) or [("name", name) for name in _names(run)] or _other(run)


def _post_first(run: str, posts: PostWords) -> list[tuple[str, str]]:
    """会长王某甲 → a post and a name."""
    found = posts.head.match(run)
    if not found:
        return _post_within(run, posts)
    rest = run[found.end() :]
    if not rest:
        return [("post", run)]
    names = _names(rest)
    if not names and _NAME.fullmatch(rest) and len(rest) < 4 and not _ordinary(rest, posts):
        return [("post", found[0]), ("weak", rest)]
    return [("post", found[0]), *(("name", name) for name in names)] if names else []


def _post_within(run: str, posts: PostWords) -> list[tuple[str, str]]:
    """联谊会会长王某甲 → a title and a name; 王某甲会长李某乙 → name, post, name."""
    for found in posts.head.finditer(run):
        before, names = run[: found.start()], [("name", name) for name in _names(run[found.end() :])]
        if names and is_name(before):
            return [("name", before), ("post", found[0]), *names]
        if names:
            return [("title", before + found[0]), *names]
    return []


def _post_last(run: str, posts: PostWords) -> list[tuple[str, str]]:
    """王某甲任会长 → a name and a post; 商会会长 → a title; 王会长 → a word that stands for a name."""
    found = posts.tail.search(run)
    if not found:
        return _title(run)
    head = _OFFICE_VERB.sub("", run[: found.start()])
    if names := _names(head):
        return [*(("name", name) for name in names), ("post", found[0])]
    if not head:
        return [("post", found[0])]
    return [("weak", run), ("post", found[0])] if head in SURNAMES else [("title", run)]


def _title(run: str) -> list[tuple[str, str]]:
    """村支部书记 → a title; 周书记 → a word that stands for a name, and a title."""
    if run[0] in SURNAMES - {"党"} and _TITLE_END.fullmatch(run[1:]):
        return [("weak", run), ("title", run[1:])]
    return [("title", run)] if _TITLE_END.search(run) else []


def _names(run: str) -> list[str]:
    """The names in a run: one, or 李某和张某; none if any part is something else."""
    if _PLACE_END.search(run) and len(run) > 2:
        return []
    if is_name(run):
        return [run]
    parts = _JOINED.split(run)
    return parts if len(parts) > 1 and all(map(is_name, parts)) else []


def _other(run: str) -> list[tuple[str, str]]:
    if _PLACE_END.search(run):
        return [("place", run)]
    return [("weak" if _NAME.fullmatch(run) else "text", run)]


def _ordinary(word: str, posts: PostWords) -> bool:
    """Whether a word is none that could stand for a name; behind a post 段安村 can."""
    if _NOISE.fullmatch(word):
        return True
    return bool(name_doubt(word, posts)) and not (word[0] in SURNAMES and _PLACE_END.search(word))
