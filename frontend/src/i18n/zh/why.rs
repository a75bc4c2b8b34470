//! Why pods can't be entered, in Chinese.

use crate::i18n::why_words::WhyWords;

/// The words.
pub(super) static WHY: WhyWords = WhyWords {
    no_image: "无法拉取镜像",
    bad_image_name: "镜像名称无效",
    never_pulled: "节点上没有该镜像，且不允许拉取",
    no_config: "容器配置有误",
    not_started: "无法启动容器",
    no_node: "没有可用的节点",
    held_back: "调度已被暂停",
    evicted: "已从节点驱逐",
};
