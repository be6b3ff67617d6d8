"""Who and what is invented: names that look invented, accounts by role, county bodies."""

from portal.accounts.roles import Role

PASSWORD = "Heshui#2026-Yan"  # printed by load_demo; exists only where the demonstration was loaded
SURNAMES = "张李王陈赵刘周吴郑孙钱冯褚卫蒋沈韩杨朱秦许何吕施"
STEMS = "甲乙丙丁戊己庚辛壬癸"

BODIES_WITH_DUTIES = [
    "县委组织部", "县委宣传部", "县委政法委", "县教育局", "县民族宗教局", "县民政局", "县人社局", "县农业农村局", "县商务局",
    "县文化和旅游局", "县卫生健康局", "县市场监管局", "县工商联", "县侨联", "县台办", "县总工会", "团县委", "县妇联", "县科协",
    "县文联", "县经济开发区",
]  # fmt: skip
OTHER_BODIES = [
    "县财政局", "县审计局", "县统计局", "县自然资源局", "县生态环境分局", "县住建局", "县交通运输局", "县水利局", "县林业局",
    "县应急管理局", "县税务局", "县医保局", "县司法局", "县公安局", "县信访局", "县档案馆", "县融媒体中心", "县供销社",
    "县城投公司", "县农业发展公司", "县文旅公司", "县实验中学", "县职业学校", "县人民医院",
]  # fmt: skip
ROLES = [
    ("staff", Role.STAFF, "县统战部办公室"), ("leader", Role.LEADER, "县领导"), ("committee", Role.COMMITTEE, ""),
    ("village", Role.VILLAGE, ""), ("sysadmin", Role.SYSADMIN, ""), ("secadmin", Role.SECADMIN, ""), ("auditor", Role.AUDITOR, ""),
]  # fmt: skip


def person(number: int) -> str:
    """An invented name: 张某甲, 李某乙, …"""
    return f"{SURNAMES[number % len(SURNAMES)]}某{STEMS[(number // len(SURNAMES) + number) % len(STEMS)]}"
